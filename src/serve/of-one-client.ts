// What of an answer tells of the one client that asked: a public answer is stored without that, by
// the value that came back and not by the name of the field that it came back in.
import { selectingFieldNames } from "../http/selecting.ts";
import type { FieldLine } from "../http/stored-response.ts";
import { unknownCookies } from "./cookies.ts";
import type { Asked } from "./plan.ts";

/** A session has 64 bits at the least, which are 16 digits; a shorter value may stand for anything. */
const sessionCharactersMin = 16;

const addressPattern = /^(?:[\d.]{7,15}|[\da-f:.]*:[\da-f:.]*)$/i;

export type TellsOfClient = (line: FieldLine) => boolean;

/** @param received with whatever selects: what each client has a variant of its own by, is no echo */
export function clientTeller(received: Headers, asked: Asked): TellsOfClient {
  const marks = marksOf(received, asked);
  return ([, value]) => marks.some((mark) => standsIn(value, mark));
}

/** Does a redirect lead where only this client is meant to go? Without Location it would be none. */
export function leadsOneClient(received: Headers, asked: Asked): boolean {
  const location = received.get("location");
  return location !== null && clientTeller(received, asked)(["location", location]);
}

/** Its address, and what may be its session. */
function marksOf(received: Headers, { forwarded, route, hasUnknownCookie }: Asked): string[] {
  const address = forwarded.get("x-forwarded-for");
  if (address === null && !hasUnknownCookie) return [];
  const own = new Set([...selectingFieldNames(received), ...route.keyHeaders]);
  const isKeyedByAddress = own.has("x-forwarded-for") || own.has("cf-connecting-ip");
  const isAddress = address !== null && addressPattern.test(address) && !isKeyedByAddress;
  const cookies = hasUnknownCookie && !own.has("cookie") ? unknownCookies(forwarded, route) : [];
  const sessions = cookies.map(({ value }) => value);
  return [
    ...(isAddress ? [address] : []),
    ...sessions.filter((value) => value.length >= sessionCharactersMin),
  ];
}

/** By itself, and not as a piece of a longer number or word. */
function standsIn(value: string, mark: string): boolean {
  const [text, sought] = [value.toLowerCase(), mark.toLowerCase()];
  for (let at = text.indexOf(sought); at >= 0; at = text.indexOf(sought, at + 1)) {
    const around = [text.charAt(at - 1), text.charAt(at + sought.length)];
    if (!around.some((character) => /[\w.]/.test(character))) return true;
  }
  return false;
}
