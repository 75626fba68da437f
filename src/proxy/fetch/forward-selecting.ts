// Where a route forwards few fields: asks the origin also with those by which its answer is known to
// vary. If the answer tells of another, the origin is asked once more, and that is remembered.
import { selectingFieldNames } from "../../http/selecting.ts";
import { letGo } from "../../let-go.ts";
import { atHand, type Need } from "../reuse/need.ts";
import { type MarkerPorts, newestMarker } from "../reuse/vary-markers.ts";
import type { KnownVary } from "../request/known-vary.ts";
import { type Asked, askedWith } from "../request/plan.ts";
import { forwardAsked, type ForwardPorts, isOriginError, type OriginAnswer } from "./forward.ts";

export type SelectingPorts = ForwardPorts & MarkerPorts & { readonly knownVary: KnownVary };

/**
 * Forwards a request, once more where the first answer varies by what was withheld.
 *
 * @returns the answer, and the request as the origin saw it
 */
export async function forwardSelecting(
  need: Need<SelectingPorts>,
  validators: readonly (readonly [name: string, value: string])[],
): Promise<{ answer: OriginAnswer; asked: Asked }> {
  const { ports } = need;
  const known = namesKnown(need);
  const asked = askedWith(need.asked, known);
  const answer = await forwardAsked(asked, validators, ports);
  if (answer.kind === "failed") return { answer, asked };
  const { response } = answer;
  const varying = selectingFieldNames(response.headers);
  const unsent = asked.forwarded.unsent(varying);
  if (unsent.length === 0) {
    // An error, or a 304, need not say by what the page varies.
    if (response.ok && known.length > 0) ports.knownVary.forgetOthers(asked.key.text, varying);
    return { answer, asked };
  }
  const names = [...known, ...unsent];
  ports.knownVary.learn(asked.key.text, names);
  // An origin in trouble is not asked twice: an error tells nobody's variant.
  if (isOriginError(response.status)) return { answer, asked };
  letGo(response);
  const again = askedWith(asked, names);
  return { answer: await forwardAsked(again, validators, ports), asked: again };
}

function namesKnown(need: Need<SelectingPorts>): readonly string[] {
  const { asked, ports, marker } = need;
  if (asked.route.forward === undefined) return [];
  const selecting = atHand(need)?.stored.metadata.selecting ?? [];
  const names = [
    ...selecting.map(([name]) => name),
    ...(newestMarker(asked.key, marker, ports)?.names ?? []),
    ...ports.knownVary.names(asked.key.text),
  ];
  return [...new Set(names)];
}
