// Tests which senders may purge: a webhook that is signed by Standard Webhooks with a configured
// secret, and a bearer of the admin token. Other senders learn no secret.
import { describe, expect, it } from "vitest";
import {
  adminToken,
  bearer,
  codeOf,
  openJournalled,
  otherSecret,
  secret,
  send,
  signatureOf,
  signedHeaders,
  startSeconds,
} from "../../testing/site/purge-sender.ts";

const body = '{"tags":["red"]}';

const good = () => signedHeaders(body);
const signedBy = (signature: string) => ({ ...good(), "webhook-signature": signature });

describe("the signature of a purge", () => {
  it.each<[id: string, headers: () => Record<string, string>, status: number]>([
    ["good", good, 200],
    ["of-another-secret", () => signedHeaders(body, { with: otherSecret }), 401],
    ["of-another-body", () => signedHeaders('{"tags":["blue"]}'), 401],
    ["of-another-id", () => ({ ...good(), "webhook-id": "msg_2" }), 401],
    ["of-another-instant", () => ({ ...good(), "webhook-timestamp": `${startSeconds - 1}` }), 401],
    ["of-another-version", () => signedBy(signatureOf(body, {}).replace("v1", "v2")), 401],
    ["one-of-several", () => signedBy(`v1a,x v1,AAAA ${signatureOf(body, {})}`), 200],
    ["wrong-with-a-good-bearer", () => ({ ...bearer, ...signedBy("v1,AAAA") }), 401],
  ])("is verified: %s", async (_id, headers, status) => {
    const { site, upstash } = openJournalled();
    const seen = await send(site, body, headers());
    const isAccepted = status === 200;
    expect([seen.status, upstash.journal.length]).toEqual([status, Number(isAccepted)]);
    expect(codeOf(seen)).toBe(isAccepted ? "" : "unauthorized");
  });

  it.each([
    { id: "five-minutes-old", bySeconds: -300, status: 200 },
    { id: "older", bySeconds: -301, status: 401 },
    { id: "five-minutes-early", bySeconds: 300, status: 200 },
    { id: "earlier", bySeconds: 301, status: 401 },
  ])(
    "is accepted only within five minutes of its timestamp: $id",
    async ({ bySeconds, status }) => {
      const { site } = openJournalled();
      const headers = signedHeaders(body, { atSeconds: startSeconds + bySeconds });
      expect((await send(site, body, headers)).status).toBe(status);
    },
  );

  it("is refused if it is repeated after five minutes", async () => {
    const { site } = openJournalled();
    const headers = good();
    expect((await send(site, body, headers)).status).toBe(200);
    site.clock.advance(301);
    expect((await send(site, body, headers)).status).toBe(401);
  });

  it.each([
    { id: "first", with: secret, status: 200 },
    { id: "second", with: otherSecret, status: 200 },
    { id: "neither", with: "whsec_bmVpdGhlciBvZiB0aGUgdHdvIHNlY3JldHM=", status: 401 },
  ])("is accepted only with one of several secrets: $id", async ({ with: signedWith, status }) => {
    const { site } = openJournalled({ env: { PURGE_SECRET: ` ${secret}\n${otherSecret} ` } });
    const seen = await send(site, body, signedHeaders(body, { with: signedWith }));
    expect(seen.status).toBe(status);
  });

  it("is verified against the bytes of the body", async () => {
    const { site } = openJournalled();
    const spaced = '{ "tags" : [ "größe" ] }\n';
    expect((await send(site, spaced, signedHeaders(spaced))).status).toBe(200);
    expect((await send(site, spaced.trim(), signedHeaders(spaced))).status).toBe(401);
  });
});

describe("the purge route", () => {
  it("names the reason if the token is wrong", async () => {
    const { site, upstash } = openJournalled();
    const seen = await send(site, body, { authorization: `Bearer ${adminToken}2` });
    expect([seen.status, upstash.journal.length]).toEqual([401, 0]);
    expect(seen.text).toContain("does not hold this deployment's ADMIN_TOKEN");
    expect(seen.text).not.toContain(adminToken);
  });

  it.each([
    { id: "both", env: {}, signed: 200, borne: 200 },
    { id: "only-a-secret", env: { ADMIN_TOKEN: "" }, signed: 200, borne: 401 },
    { id: "only-a-token", env: { PURGE_SECRET: "" }, signed: 401, borne: 200 },
    { id: "neither", env: { ADMIN_TOKEN: "", PURGE_SECRET: "" }, signed: 503, borne: 503 },
  ])("needs a secret or a token: $id", async ({ env, signed, borne }) => {
    const { site } = openJournalled({ env });
    expect((await send(site, body, good())).status).toBe(signed);
    expect((await send(site, body, bearer)).status).toBe(borne);
    expect(site.origin.count).toBe(0);
  });

  it.each([
    { id: "signed", headers: good, env: { PURGE_SECRET: "s3cret" }, says: "PURGE_SECRET" },
    { id: "borne", headers: () => bearer, env: { ADMIN_TOKEN: "s3cret" }, says: "ADMIN_TOKEN" },
  ])(
    "returns 503 if the variable for the credential is not usable: $id",
    async ({ headers, env, says }) => {
      const { site, upstash } = openJournalled({ env });
      const seen = await send(site, body, headers());
      expect([seen.status, codeOf(seen), upstash.journal.length]).toEqual([503, "not-usable", 0]);
      expect(seen.text).toContain(`On this deployment, ${says} is not usable`);
      expect(seen.text + site.log.join()).not.toContain("s3cret");
    },
  );

  it.each([
    { id: "signed", headers: good, env: { ADMIN_TOKEN: "s3cret" } },
    { id: "borne", headers: () => bearer, env: { PURGE_SECRET: "s3cret" } },
    { id: "one-of-two", headers: good, env: { PURGE_SECRET: `s3cret ${secret}` } },
  ])("accepts a credential whose variable is usable: $id", async ({ headers, env }) => {
    const { site } = openJournalled({ env });
    expect((await send(site, body, headers())).status).toBe(200);
  });

  it("names the effect of missing secrets to everybody, and the secrets only in the log, once", async () => {
    const { site, upstash } = openJournalled({ env: { ADMIN_TOKEN: "", PURGE_SECRET: "" } });
    for (const headers of [good(), bearer, {}]) {
      const seen = await send(site, body, headers);
      expect([seen.status, codeOf(seen), upstash.journal.length]).toEqual([503, "not-usable", 0]);
      expect(seen.text).toContain("can verify no sender of purges");
      expect(seen.text).not.toMatch(/PURGE_SECRET|ADMIN_TOKEN/);
    }
    expect(site.log).toEqual([
      expect.stringContaining("Neither PURGE_SECRET nor ADMIN_TOKEN is set"),
    ]);
    expect(site.lines.filter(({ event }) => event === "purge-refused")).toHaveLength(1);
  });

  it("says that a signature needs PURGE_SECRET if it is not set", async () => {
    const { site } = openJournalled({ env: { PURGE_SECRET: "" } });
    expect((await send(site, body, good())).text).toContain("PURGE_SECRET is not set");
    // The alert on refused purges leaves out `not-signed`, which strangers cause.
    expect(site.lines).toContainEqual(
      expect.objectContaining({ event: "purge-refused", rule: "signature" }),
    );
  });

  it("says why there is no journal", async () => {
    const { site } = openJournalled({ env: { UPSTASH_REDIS_REST_TOKEN: "" } });
    const seen = await send(site, body, good());
    expect([seen.status, codeOf(seen)]).toEqual([503, "unavailable"]);
    expect(seen.text).toContain("UPSTASH_REDIS_REST_TOKEN is not set");
  });

  it.each(["GET", "HEAD", "PUT", "DELETE"])("returns 404 for %s", async (method) => {
    const { site, upstash } = openJournalled();
    const response = await site.ask("/_cache/purge", { method, headers: bearer });
    expect([response.status, upstash.journal.length]).toEqual([404, 0]);
  });

  it("discloses no secret in responses and log lines", async () => {
    const { site, upstash } = openJournalled();
    const [, key = ""] = secret.split("_");
    const telling = [adminToken, key, upstash.token, upstash.url, "origin.invalid"];
    const answers = [await send(site, body), await send(site, body, {}), await send(site, "{")];
    answers.push(await send(site, body, signedHeaders(body, { with: otherSecret })));
    answers.push(await send(site, '{"tags":["other"]}', { ...bearer, "webhook-id": "msg_1" }));
    upstash.journalMode = "down";
    answers.push(await send(site, body));
    for (const { text, fields } of answers) {
      const shown = text + [...fields].join("\n");
      expect(telling.filter((each) => shown.includes(each))).toEqual([]);
    }
    expect(site.log).toHaveLength(1);
    expect(telling.filter((each) => site.log[0]?.includes(each))).toEqual([]);
  });
});

describe("the body of a purge", () => {
  const marked = `\uFEFF${body}`;
  const latin1 = Buffer.from('{"tags":["caf\u00e9"]}', "latin1");
  const utf16 = Buffer.from(body, "utf16le");

  it.each<{ id: string; headers: () => Record<string, string> }>([
    { id: "signed", headers: () => signedHeaders(marked) },
    { id: "with-the-token", headers: () => bearer },
  ])(
    "may begin with a byte order mark, which is part of the signed bytes: $id",
    async ({ headers }) => {
      const { site, upstash } = openJournalled();
      expect((await send(site, marked, headers())).status).toBe(200);
      expect(upstash.journal.length).toBe(1);
    },
  );

  it("does not match a signature that differs by a byte order mark", async () => {
    const { site } = openJournalled();
    expect((await send(site, body, signedHeaders(marked))).status).toBe(401);
    expect((await send(site, marked, signedHeaders(body))).status).toBe(401);
  });

  it.each([
    { id: "latin-1", bytes: latin1 },
    { id: "utf-16", bytes: Buffer.from([0xff, 0xfe, ...utf16]) },
    { id: "cut-within-a-letter", bytes: Buffer.from('{"tags":["\u00e9').subarray(0, -1) },
  ])("is refused if it is not UTF-8: $id", async ({ bytes }) => {
    for (const headers of [bearer, signedHeaders(bytes.toString())]) {
      const { site, upstash } = openJournalled();
      const request = { method: "POST", body: new Uint8Array(bytes), headers };
      const response = await site.ask("/_cache/purge", request);
      const { error } = (await response.json()) as { error: unknown };
      expect([response.status, upstash.journal.length]).toEqual([400, 0]);
      expect(error).toEqual({
        code: "malformed",
        what: "Nothing was purged.",
        why: "The body is not UTF-8.",
        hint: "Send JSON in UTF-8.",
      });
    }
  });
});
