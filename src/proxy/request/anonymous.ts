// Makes anonymous requests to an origin, for a response that all clients share. They carry only the fields
// of the key and `Vary`, and those kept from the stored response's request.
import {
  type AskerFields,
  askedByPattern,
  type StoredMetadata,
} from "../stored/stored-response.ts";
import { fieldsOf } from "../../rules/fields.ts";
import type { LookupRequest } from "./plan.ts";

/** Sent because some origins reject requests without `User-Agent`. */
export const ownUserAgent = "Tidemark";

/** Returns the fields to keep with a response, without values that a record may not hold. */
export function askedByOf({ forwarded: { sent } }: LookupRequest): AskerFields {
  const kept = (name: string) => {
    const value = sent.get(name);
    return value !== null && askedByPattern.test(value) ? value : undefined;
  };
  return { userAgent: kept("user-agent"), accept: kept("accept") };
}

type ToRefresh = Pick<StoredMetadata, "askedBy" | "fields" | "selecting">;

/**
 * Returns the request without the client's other fields.
 *
 * @param asked has the fields of the key and `Vary`
 * @param like  the response to refresh; `undefined` for none
 * @param names other fields by which the answer is known to vary
 */
export function inNobodysName(
  asked: LookupRequest,
  like: ToRefresh | undefined,
  names: readonly string[] = [],
): LookupRequest {
  const { forwarded, route } = asked;
  // Without a stored response, `Vary` is unknown. Accept-Encoding is safe: it has only four reduced values.
  const selecting = like?.selecting.map(([name]) => name) ?? ["accept-encoding"];
  const client = usualFields(like);
  for (const name of ["cookie", ...route.keyHeaders, ...selecting, ...names]) {
    const value = forwarded.get(name);
    // X-Forwarded-For is made from CF-Connecting-IP.
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
