/**
 * The preflight as a library, for a program of one's own: plain values in, what was found out. Nothing is
 * registered, and nothing touched.
 */

export { Secret } from "../host/secret";
export { HostError } from "../host/ssh/error";
export { examineHost } from "./host/examineHost";
export type { PreflightOptions } from "./host/examine";
export type { SurveyQuestions } from "./host/survey";
export { ObstacleError } from "./obstacles";
export { dumpFile, DumpError } from "./source/dumpFile";
export { packSource } from "./source/packSource";
export { SourceError } from "./source/SourceError";
