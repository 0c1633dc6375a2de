import { NginxSite } from "../../../components/NginxSite";

/** Two sites that no Nginx serves. */
export = () => {
  new NginxSite("first", { serverNames: ["first.example.org"], siteRoot: "/srv/first" });
  new NginxSite("second", { serverNames: ["second.example.org"], siteRoot: "/srv/second" });
};
