// Tests the message about an unreachable site: its reason and its advice.
import { expect, it } from "vitest";
import { operatorOf } from "../fakes/operator.ts";

const failed = (code: string) => new TypeError("fetch failed", { cause: { code } });

it("judges an answer by its status if the body breaks off", async () => {
  const user = await operatorOf(async () => {
    const body = new ReadableStream({ start: (at) => at.error(failed("ECONNRESET")) });
    return new Response(body, { status: 503 });
  });
  const { notes } = await user.runs(["stats"]);
  expect(notes).toContain("Its answer (503, no type) is not from Tidemark");
});

it.each([
  [failed("ECONNREFUSED"), "No server listens at this address. Check the address"],
  [failed("CERT_HAS_EXPIRED"), "has expired, so no token was sent."],
  [failed("ERR_TLS_CERT_ALTNAME_INVALID"), "NODE_EXTRA_CA_CERTS"],
  [new DOMException("late", "TimeoutError"), "No answer came within 60 s."],
])("`tidemark health` explains %s: %s", async (cause, says) => {
  const user = await operatorOf(async () => {
    throw cause;
  });
  const { code, out, notes } = await user.runs(["health"]);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(notes).toContain(says);
});

it("names the path of a redirect, because it may lead to the same site", async () => {
  const user = await operatorOf(async () => Response.redirect("https://www.example.com/en/", 301));
  const { notes } = await user.runs(["health"]);
  expect(notes).toContain("It redirects to https://www.example.com/en/, and the token is not sent");
});
