import { serveProvider } from "../protocol/provider";

serveProvider({ version: "4.21.2", resources: {} });
