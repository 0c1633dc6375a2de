import { deploy } from "./deployment";
import { runScript } from "./script";

void runScript({ name: "deploy", does: "deploy the stack" }, deploy);
