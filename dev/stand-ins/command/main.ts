import { serveProvider } from "../protocol/provider";
import { copyToRemote } from "./copyToRemote";
import { remoteCommand } from "./remoteCommand";

serveProvider({
  version: "1.2.1",
  resources: {
    "command:remote:Command": remoteCommand,
    "command:remote:CopyToRemote": copyToRemote,
  },
});
