import { serveProvider } from "../protocol/provider";
import { randomId } from "./randomId";
import { randomPassword } from "./randomPassword";

serveProvider({
  version: "4.21.2",
  resources: {
    "random:index/randomId:RandomId": randomId,
    "random:index/randomPassword:RandomPassword": randomPassword,
  },
});
