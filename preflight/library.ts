/**
 * The preflight as a library, for a program of your own: it takes plain values and returns what it found. It
 * registers no resource and changes nothing.
 */

export { Secret } from "../host/secret";
export type { Problem } from "../host/problem";
export { ProblemError } from "../host/ProblemError";
export { HostError } from "../host/ssh/error";
export { examineHost } from "./host/examineHost";
export type { PreflightOptions } from "./host/examine";
export { previewLogin } from "./host/previewLogin";
export type { SurveyQuestions } from "./host/survey";
export { planPostgres, postgresForwarding, postgresQuestion } from "./database/plan";
export type { DatabaseServer } from "../components/args/PostgresDatabase";
export { dumpFile } from "./source/dumpFile";
export { packSource } from "./source/packSource";
