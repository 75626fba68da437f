// Opens a site with a journal, and sends it purges, which are signed by Standard Webhooks.
import { createHmac } from "node:crypto";
import { FakeClock } from "../fakes/fake-clock.ts";
import { openSite, type Seen, type Site, type SiteOptions } from "./harness.ts";
import { UnsteadyUpstash } from "../fakes/unsteady-upstash.ts";

export const secret = "whsec_Pgl4vj9dOMdPFMjzq42CcM/HYgd0fya2";
export const otherSecret = "whsec_a1Pt6sBx7RNlzQZwifC6lYBZNnVb1eOG";
export const adminToken = "admin-token-of-the-site";

/** @param options.env overrides the variables that are set here */
export function openJournalled(options: SiteOptions = {}): {
  site: Site;
  upstash: UnsteadyUpstash;
} {
  const clock = options.clock ?? new FakeClock();
  const upstash = new UnsteadyUpstash(clock);
  const env = { PURGE_SECRET: secret, ADMIN_TOKEN: adminToken, COLO: "HAM", ...options.env };
  return { site: openSite({ upstash, ...options, clock, env }), upstash };
}

interface Signed {
  readonly id?: string;
  /** Default: `startSeconds`. */
  readonly atSeconds?: number;
  readonly with?: string;
}

/** Computes a signature independently of the library that verifies it. */
export function signatureOf(
  body: string,
  { id = "msg_1", atSeconds = startSeconds, ...signed }: Signed,
): string {
  const key = Buffer.from((signed.with ?? secret).replace("whsec_", ""), "base64");
  const text = `${id}.${atSeconds}.${body}`;
  return `v1,${createHmac("sha256", key).update(text).digest("base64")}`;
}

/** When a `FakeClock` starts. */
export const startSeconds = new FakeClock().atMs / 1_000;

export function signedHeaders(body: string, signed: Signed = {}): Record<string, string> {
  return {
    "webhook-id": signed.id ?? "msg_1",
    "webhook-timestamp": String(signed.atSeconds ?? startSeconds),
    "webhook-signature": signatureOf(body, signed),
  };
}

export const bearer = { authorization: `Bearer ${adminToken}` };

/** Sends a purge. Does not wait for background work, which reads the entry back half of N later. */
export async function send(
  site: Site,
  body: string | object,
  headers: Readonly<Record<string, string>> = bearer,
): Promise<Seen> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await site.ask("/_cache/purge", { method: "POST", body: text, headers });
  const seen = await response.text();
  const { status, headers: fields } = response;
  return { status, text: seen, fields, head: "", cacheStatus: "" };
}

/**
 * @returns the code of an error; empty for an answer without an error
 * @throws Error for an error with other members than documented
 */
export function codeOf({ text }: Seen): string {
  const { error } = JSON.parse(text) as { error?: Record<string, string> };
  if (error === undefined) return "";
  const members = Object.keys(error).join(" ");
  if (members !== "code what why hint") throw new Error(`The error has the members ${members}.`);
  return error["code"] ?? "";
}
