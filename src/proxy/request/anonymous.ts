// Builds anonymous requests for responses that all clients share. An anonymous request has the
// fields of the key and of `Vary`. Its User-Agent and Accept are those with which the stored
// response was requested.
import {
  type AskerFields,
  askedByPattern,
  type StoredMetadata,
} from "../stored/stored-response.ts";
import { fieldsOf } from "../../rules/fields.ts";
import type { LookupRequest } from "./plan.ts";

/** The `User-Agent` of anonymous requests. Some origins reject requests without this field. */
export const ownUserAgent = "Tidemark";

/**
 * Returns the client's User-Agent and Accept, to store them with a response. Omits values that do
 * not match `askedByPattern`.
 */
export function askedByOf({ forwarded: { sent } }: LookupRequest): AskerFields {
  const kept = (name: string) => {
    const value = sent.get(name);
    return value !== null && askedByPattern.test(value) ? value : undefined;
  };
  return { userAgent: kept("user-agent"), accept: kept("accept") };
}

type ToRefresh = Pick<StoredMetadata, "askedBy" | "fields" | "selecting">;

/**
 * Returns the request without the client's fields, except those of the key, of `Vary` and of
 * `names`.
 *
 * @param lookup the client's request, with the fields of the key and `Vary`
 * @param like the response to refresh; `undefined` if nothing is stored
 * @param names other fields by which responses are known to vary
 */
export function inNobodysName(
  lookup: LookupRequest,
  like: ToRefresh | undefined,
  names: readonly string[] = [],
): LookupRequest {
  const { forwarded, route } = lookup;
  // Without a stored response, `Vary` is unknown. Accept-Encoding is safe, because it has only four
  // reduced values.
  const selecting = like?.selecting.map(([name]) => name) ?? ["accept-encoding"];
  const client = usualFields(like);
  for (const name of ["cookie", ...route.keyHeaders, ...selecting, ...names]) {
    const value = forwarded.get(name);
    // X-Forwarded-For is derived from CF-Connecting-IP.
    const source = name === "x-forwarded-for" ? "cf-connecting-ip" : name;
    if (value === null) client.delete(source);
    else client.set(source, value);
  }
  return { ...lookup, forwarded: forwarded.withClient(client) };
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
