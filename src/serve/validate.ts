// Freshens a stored response from the 304 that validated it, and answers with it.
import { freshenedFields } from "../http/freshen.ts";
import type { Handling } from "../http/cache-status.ts";
import { fieldsOf, type StoredMetadata, type StoredResponse } from "../http/stored-response.ts";
import { freshensWhatWasSent } from "../http/validators.ts";
import type { Flight } from "./collapse.ts";
import { type Fresh, metadataOf, refusalToStore } from "./fill.ts";
import { ageSeconds, termsOf } from "./lifetime.ts";
import { type Answer, type Need, questionOf } from "./need.ts";
import { fromStored } from "./respond.ts";
import { sendAndStoreBody } from "./send-and-store.ts";
import { storeInTiers } from "./store.ts";
import { tagsOf } from "./tags.ts";
import type { Candidate } from "./verdict.ts";

/**
 * @param fresh     a 304
 * @param candidate the response whose validator was sent; no other is freshened (RFC 9111 §4.3.4)
 * @returns `undefined` if the 304 is about another response
 */
export async function validated(
  fresh: Fresh,
  candidate: Candidate,
  need: Need,
  flight: Flight,
): Promise<Answer | undefined> {
  const { asked, ports, reason, key } = need;
  const { metadata: before, body } = candidate.stored;
  if (!freshensWhatWasSent(fresh.response.headers, fieldsOf(before))) return undefined;
  const metadata = freshened(before, fresh, need);
  // RFC 9111 §7.3: a cookie is for the client that was answered, and so is the answer it is in.
  const cookies = asked.route.setCookie === "strip" ? [] : fresh.response.headers.getSetCookie();
  const refusal =
    cookies.length > 0
      ? "set-cookie"
      : refusalToStore(metadata, { ...asked, method: "GET" }, ports);
  const isStored = refusal === undefined;
  const handling: Handling = { kind: "forwarded", reason, forwardStatus: 304, stored: isStored };
  // Too large to be held: it is read once more from its tier, and stored again on the way.
  if (body.kind === "stream" && isStored && asked.method === "GET") {
    return sendAndStoreBody({ metadata, source: body.stream }, need, flight, handling);
  }
  const stored: StoredResponse = { metadata, body };
  if (isStored && body.kind === "bytes") {
    const stores = storeInTiers(stored, need, (tier) =>
      tier === candidate.tier ? "as-read" : "validated",
    );
    flight.settle({ kind: "stored", stored });
    ports.afterAnswer(async () => {
      await stores;
      ports.flights.end(key.text, flight);
    });
  } else {
    ports.flights.end(key.text, flight);
  }
  const { policy, atMs } = questionOf(need);
  const age = ageSeconds(metadata, termsOf(metadata, policy), atMs);
  const response = fromStored(stored, { asked, ports, ageSeconds: age, handling });
  for (const cookie of cookies) response.headers.append("set-cookie", cookie);
  return { response, outcome: "validated" };
}

/** The stored body with the 304's fields, and the stamp and times of that conditional request. */
function freshened(before: StoredMetadata, fresh: Fresh, { asked, ports }: Need): StoredMetadata {
  const update = metadataOf(fresh, asked, ports);
  const fields = freshenedFields(before.fields, update.fields);
  return {
    ...update,
    status: before.status,
    statusText: before.statusText,
    fields,
    selecting: before.selecting,
    tags: tagsOf(new Headers(fields.map(([name, value]) => [name, value])), asked, ports.config),
    bodyBytes: before.bodyBytes,
    bodyDigest: before.bodyDigest,
    fillCostMs: before.fillCostMs,
  };
}
