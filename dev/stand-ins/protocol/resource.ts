import type { Kind } from "./difference";
import type { PropertyMap } from "./property";

/** Error of one input, reported before anything is done. */
export interface CheckFailure {
  property: string;
  reason: string;
}

/** Context of one operation on one resource. */
export interface Operation {
  /** Name of the resource in the program, the last part of its URN. */
  readonly name: string;
  /** True in a preview: nothing may be changed, and values may be unknown. */
  readonly preview: boolean;
  /** Aborted when the run is cancelled, and when the resource's custom timeout has passed. */
  readonly signal: AbortSignal;
  /** Prints to the person who runs the engine. */
  readonly log: Log;
}

export interface Log {
  /** Line that is shown until the next one. */
  status(message: string): Promise<void>;
  warning(message: string): Promise<void>;
}

/** State of a resource that exists. */
export interface Found {
  id: string;
  state: PropertyMap;
  /** Inputs with which a program would get that state. */
  inputs: PropertyMap;
}

/** Type of resource of a stand-in provider. */
export interface ResourceType {
  /** Set when the old one must be deleted before the new one is created. */
  readonly deletesFirst?: boolean;
  /** Whether a change of the input at this path replaces the resource, rather than updates it. */
  replacesOn(path: string): boolean;
  /** Checks the program's inputs, and fills in defaults. */
  check(inputs: PropertyMap): { inputs: PropertyMap; failures: CheckFailure[] };
  /**
   * Differences between the state and new inputs, by path; left out where old and new inputs are
   * compared, which shows no drift.
   */
  difference?(state: PropertyMap, inputs: PropertyMap): Map<string, Kind>;
  create(inputs: PropertyMap, operation: Operation): Promise<{ id: string; state: PropertyMap }>;
  /** Left out where every change replaces the resource. */
  update?(olds: PropertyMap, inputs: PropertyMap, operation: Operation): Promise<PropertyMap>;
  /**
   * Looks the resource up: for an import with an empty state, for a refresh with the known one.
   * Left out where the state is taken as true, so that a refresh never finds drift.
   *
   * @returns undefined when it does not exist
   */
  read?(
    id: string,
    known: { state: PropertyMap; inputs: PropertyMap },
    operation: Operation,
  ): Promise<Found | undefined>;
  delete?(state: PropertyMap, operation: Operation): Promise<void>;
}
