/**
 * The preflight as a library, for a program of your own: it takes plain values and returns what it found. It
 * registers no resource and changes nothing.
 */

export { Secret } from "../host/secret";
export type { Problem } from "../host/problem";
export { ProblemError } from "../host/ProblemError";
export { HostError, type HostErrorKind } from "../host/ssh/error";
export type { ForwardingTarget } from "../host/ssh/forward";
export { examineHost } from "./host/examineHost";
export type { PreflightOptions } from "./host/examine";
export { previewLogin } from "./host/previewLogin";
export type { SurveyQuestions } from "./host/survey";
export { planPostgres, postgresForwarding, postgresQuestion } from "./database/plan";
export type { GitRepository } from "../components/args/DjangoApp";
export type { DatabaseServer } from "../components/args/PostgresDatabase";
export { dumpFile } from "./source/dumpFile";
export { packSource } from "./source/packSource";
