// Removes parts of an exchange. Returns the same object if the exchange does not have the part.
import type { Member } from "../../../testing/examples/generated-fields.ts";
import type { Exchange } from "./exchange.ts";

type Part = "request" | "response" | "asks" | "selecting" | "notModified" | "update";

/** Returns the exchange with the changes, or the same object if nothing changes. */
export function changed<P extends Part>(
  given: Exchange,
  part: P,
  changes: Partial<Exchange[P]>,
): Exchange {
  const was = given[part];
  const isSame = Object.entries(changes).every(([name, value]) =>
    Object.is(was[name as keyof Exchange[P]], value),
  );
  return isSame ? given : { ...given, [part]: { ...was, ...changes } };
}

export type Drops = (member: Member, index: number, all: readonly Member[]) => boolean;

/** Returns the exchange without the members of Cache-Control in `parts` that `drops` selects. */
export function dropMembers(
  given: Exchange,
  parts: readonly ("request" | "response" | "asks")[],
  drops: Drops,
): Exchange {
  let left = given;
  for (const part of parts) {
    const { control } = left[part];
    const members = control?.members.filter((...member) => !drops(...member)) ?? [];
    if (members.length === (control?.members.length ?? 0)) continue;
    left = changed(left, part, { control: control && { ...control, members } });
  }
  return left;
}
