// What the isolate tells an origin when it asks for all who come later, in nobody's name: what the
// key and its Vary hold, and what the stored response was asked for with. Nothing else.
import { type AskedBy, askedByPattern, type StoredMetadata } from "../stored/stored-response.ts";
import { fieldsOf } from "../../rules/fields.ts";
import type { Asked } from "./plan.ts";

/** Some origins refuse requests without one. */
export const ownUserAgent = "Tidemark";

/** Kept with a response; left out is what is long, or would make its record unreadable. */
export function askedByOf({ forwarded: { sent } }: Asked): AskedBy {
  const kept = (name: string) => {
    const value = sent.get(name);
    return value !== null && askedByPattern.test(value) ? value : undefined;
  };
  return { userAgent: kept("user-agent"), accept: kept("accept") };
}

type ToRefresh = Pick<StoredMetadata, "askedBy" | "fields" | "selecting">;

/**
 * @param asked whose fields hold what the key and Vary name
 * @param like  the response that is refreshed; `undefined` for none
 * @param names other fields by which the answer is known to vary
 */
export function inNobodysName(
  asked: Asked,
  like: ToRefresh | undefined,
  names: readonly string[] = [],
): Asked {
  const { forwarded, route } = asked;
  // What the page varies by is not known yet: its coding can be one of four alone.
  const selecting = like?.selecting.map(([name]) => name) ?? ["accept-encoding"];
  const client = usualFields(like);
  for (const name of ["cookie", ...route.keyHeaders, ...selecting, ...names]) {
    const value = forwarded.get(name);
    // The origin is told of an address by the field that we make of this one.
    const source = name === "x-forwarded-for" ? "cf-connecting-ip" : name;
    if (value === null) client.delete(source);
    else client.set(source, value);
  }
  return { ...asked, forwarded: forwarded.withClient(client) };
}

function usualFields(like: ToRefresh | undefined): Headers {
  const { userAgent, accept } = like?.askedBy ?? { userAgent: ownUserAgent, accept: "*/*" };
  const fields = new Headers();
  if (userAgent !== undefined) fields.set("user-agent", userAgent);
  if (accept !== undefined) fields.set("accept", accept);
  const coding = like && fieldsOf(like).get("content-encoding");
  if (coding) fields.set("accept-encoding", coding);
  return fields;
}
