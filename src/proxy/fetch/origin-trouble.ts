// What the operator hears of an origin that cannot be reached, by the origin's name in the config.
import { Condition } from "../../observe/condition.ts";
import type { OriginFailure } from "../reuse/forward-outcome.ts";

/** How a forward fails that brings no answer. */
export type OriginTrouble = Exclude<OriginFailure, "error-status">;

const whys: Readonly<Record<OriginTrouble, string>> = {
  unreachable: "cannot be reached",
  timeout: "does not answer in time",
};

type Tell = (line: string) => void;

/** @param name of the origin, as in the config: its address may hold what is for nobody's eyes */
export function conditionOfOrigin(name: string, tell: Tell): Condition<OriginTrouble> {
  return new Condition({
    tell,
    troubleLine: (trouble) => `Origin ${JSON.stringify(name)} ${whys[trouble]}.`,
    wellLine: (lasted) => `Origin ${JSON.stringify(name)} answers again after ${lasted}.`,
  });
}

/** Of an origin that is asked by probes alone: too many of its paths failed. */
export function shutOffOfOrigin(name: string, tell: Tell): Condition<"down"> {
  const origin = `Origin ${JSON.stringify(name)}`;
  return new Condition({
    tell,
    troubleLine: () => `${origin} is taken for down: only probes ask it, behind answers.`,
    wellLine: (lasted) => `${origin} was taken for down for ${lasted}, and is no longer.`,
  });
}
