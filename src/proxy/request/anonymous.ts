// Builds the requests that Tidemark sends on behalf of all clients. They have the fields of the key
// and of `Vary`, and the route's fixed Accept and User-Agent.
import type { StoredMetadata } from "../stored/stored-response.ts";
import { addressNames } from "./forwarded-fields.ts";
import type { LookupRequest } from "./plan.ts";

/**
 * Returns the request without the client's fields, except those of the key, of `Vary` and of
 * `names`.
 *
 * @param request the client's request, with the fields of the key and `Vary`
 * @param like the response to refresh; `undefined` if nothing is stored
 * @param names other fields by which responses are known to vary
 */
export function inNobodysName(
  request: LookupRequest,
  like: Pick<StoredMetadata, "selecting"> | undefined,
  names: readonly string[] = [],
): LookupRequest {
  const { forwarded, route } = request;
  // Without a stored response, `Vary` is unknown. Accept-Encoding is safe, because it has only four
  // reduced values.
  const selecting = like?.selecting.map(([name]) => name) ?? ["accept-encoding"];
  const client = new Headers(route.neutralFields);
  for (const name of ["cookie", ...route.keyHeaders, ...selecting, ...names]) {
    const value = forwarded.get(name);
    const source = addressNames.includes(name) ? "cf-connecting-ip" : name;
    if (value === null) client.delete(source);
    else client.set(source, value);
  }
  return { ...request, forwarded: forwarded.withClient(client) };
}
