// A network on which every site proves that it knows a token, as Tidemark does.
import {
  challengeField,
  challengeIn,
  proofOf,
  tokenKey,
} from "../../../../src/protocol/operator-token.ts";

/**
 * @returns a proof for the request's challenge, or 401 if the challenge is not signed with the
 *   token
 */
export async function proofFor(url: URL, headers: Headers, adminToken: string, atMs: number) {
  const key = await tokenKey(adminToken);
  const found = await challengeIn(key, headers.get(challengeField) ?? "", [url.host]);
  const error = { code: "unauthorized", what: "No.", why: "No.", hint: "No." };
  if (found === undefined) return Response.json({ error }, { status: 401 });
  const atSeconds = Math.floor(atMs / 1_000);
  return Response.json({ proof: await proofOf(key, { ...found, atSeconds }), atSeconds });
}

/** Answers challenges for all sites of `reach`, and passes other requests to `reach`. */
export function proving(reach: typeof fetch, adminToken: string, nowAtMs = Date.now): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (!url.pathname.endsWith("/proof")) return reach(input, init);
    return proofFor(url, new Headers(init?.headers), adminToken, nowAtMs());
  };
}
