// What the command says of a site that cannot be reached: why, and what to do.
import { expect, it } from "vitest";
import { FakeUser } from "../fakes/fake-world.ts";
import { operatorEnv } from "../fakes/site-as-fetch.ts";

const withCode = (code: string) => Object.assign(new Error("of the system"), { code });
const failed = (cause: unknown) => new TypeError("fetch failed", { cause });

it.each([
  {
    cause: failed(withCode("ECONNREFUSED")),
    says: "No server listens at this address. Check the address",
  },
  { cause: failed(new Error("bad port")), says: "The request failed with bad port. Check" },
  { cause: failed(withCode("CERT_HAS_EXPIRED")), says: "has expired, so no token was sent." },
  { cause: failed(withCode("ERR_TLS_CERT_ALTNAME_INVALID")), says: "NODE_EXTRA_CA_CERTS" },
  { cause: new DOMException("late", "TimeoutError"), says: "No answer came within 60 s." },
])("$says", async ({ cause, says }) => {
  const fetch = async () => {
    throw cause;
  };
  const user = await FakeUser.at({ fetch, env: operatorEnv });
  const { code, out, notes } = await user.runs(["health"]);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(notes).toContain(says);
});
