// Posts and reads the switch of a site, as an operator does.
import type { Site } from "./harness.ts";

/** The credential of the sites in `TwoColos`. */
export const authorization = "Bearer admin-of-this-site";

/** The Cache-Status of a bypassed request. */
export const bypassed = "tidemark; fwd=bypass; fwd-status=200; detail=switch";

/** @param body an object, or the text of a body */
export function postSwitch(site: Site, body: unknown) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return sendTo(site, { method: "POST", body: text });
}

export async function switchState(site: Site) {
  return (await sendTo(site, {})).told;
}

async function sendTo(site: Site, init: { method?: string; body?: string }) {
  const answer = await site.ask("/_cache/switch", { ...init, headers: { authorization } });
  return { status: answer.status, told: (await answer.json()) as Record<string, unknown> };
}
