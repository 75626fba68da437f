// What a configuration asks for in vain. It is told to the operator and not refused: nothing is wrong
// with the answers.
import type { Config, Route } from "../../config/config.ts";
import type { Fault } from "../../operator-error.ts";
import { isWithheld } from "./forwarded-fields.ts";
import { hides } from "./routes.ts";

/** One fault for each thing that has no effect; empty for none. */
export function configWarnings({ routes }: Config): Fault[] {
  const warnings = [
    ...routes.map(idleFieldsOf),
    ...routes.map(forwardedInVain),
    ...routes.map((route, at) => hiddenBy(routes.slice(0, at), route)),
  ];
  return warnings.filter((warning) => warning !== undefined);
}

function idleFieldsOf({ name, idleFields }: Route): Fault | undefined {
  if (idleFields.length === 0) return undefined;
  return {
    what: `Route "${name}" has fields without effect: ${idleFields.join(", ")}.`,
    why: "Its bypass sends each request straight to the origin, and stores nothing.",
    mend: "Remove them, or bypass.",
  };
}

function forwardedInVain({ name, bypass, forward = [], keyHeaders }: Route): Fault | undefined {
  const withheld = forward.filter((field) => isWithheld(field) && !keyHeaders.includes(field));
  if (bypass || withheld.length === 0) return undefined;
  return {
    what: `Route "${name}" forwards ${withheld.join(", ")} in vain.`,
    why: "What is stored for all is made without such fields, whoever sends them.",
    mend: "Remove them from forward, or name them in key.headers.",
  };
}

function hiddenBy(before: readonly Route[], route: Route): Fault | undefined {
  const hiding = before.find(({ match }) => hides(match, route.match));
  if (hiding === undefined) return undefined;
  return {
    what: `Route "${route.name}" is never reached.`,
    why: `Each path that fits "${route.match}" fits "${hiding.match}" of route "${hiding.name}", which stands before it.`,
    mend: `Put "${route.name}" before "${hiding.name}", or remove it.`,
  };
}
