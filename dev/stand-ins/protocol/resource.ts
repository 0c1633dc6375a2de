import type { Kind } from "./difference";
import type { PropertyMap } from "./property";

/** A fault of one input, told before anything is done. */
export interface CheckFailure {
  property: string;
  reason: string;
}

/** What goes along with one operation on one resource. */
export interface Operation {
  /** The resource's name in the program, which the engine puts last in its URN. */
  readonly name: string;
  /** True in a preview: nothing outside may be touched, and values may be unknown. */
  readonly preview: boolean;
  /** Aborted when the run is cancelled, and when the resource's custom timeout has passed. */
  readonly signal: AbortSignal;
  /** Prints to the person who runs the engine. */
  readonly log: Log;
}

export interface Log {
  /** A line that is shown while it is the newest one, and then forgotten. */
  status(message: string): Promise<void>;
  warning(message: string): Promise<void>;
}

/** What was found of a resource that exists outside. */
export interface Found {
  id: string;
  state: PropertyMap;
  /** As a program would have to give them for that state. */
  inputs: PropertyMap;
}

/** One type of resource that a stand-in provider offers. */
export interface ResourceType {
  /** Set where the old one is deleted before the new one is made. */
  readonly deletesFirst?: boolean;
  /** Whether a change of the input at this path replaces the resource; else it is updated. */
  replacesOn(path: string): boolean;
  /** Checks what the program gave, and fills in defaults. */
  check(inputs: PropertyMap): { inputs: PropertyMap; failures: CheckFailure[] };
  /**
   * What differs between the state and new inputs, by path; left out where old and new inputs are
   * compared, in which no drift shows.
   */
  difference?(state: PropertyMap, inputs: PropertyMap): Map<string, Kind>;
  create(inputs: PropertyMap, operation: Operation): Promise<{ id: string; state: PropertyMap }>;
  /** Left out where every change replaces. */
  update?(olds: PropertyMap, inputs: PropertyMap, operation: Operation): Promise<PropertyMap>;
  /**
   * Looks the resource up: for an import with an empty state, for a refresh with the one known.
   * Left out where what the state holds is taken as true, so that refresh never sees drift.
   *
   * @returns undefined when it is not there
   */
  read?(
    id: string,
    known: { state: PropertyMap; inputs: PropertyMap },
    operation: Operation,
  ): Promise<Found | undefined>;
  delete?(state: PropertyMap, operation: Operation): Promise<void>;
}
