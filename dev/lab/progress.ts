/** Told what is being done, one short line a step, in words for a person. */
export type OnProgress = (step: string) => void;
