// Tests EdgeGrid against an example that Akamai's own clients use in their tests.
import { expect, it } from "vitest";
import { edgeGridSigner } from "../../../../src/parts/outward/targets/akamai.ts";

it("signs a POST like Akamai's clients", async () => {
  const sign = edgeGridSigner([
    "akab-client-token-xxx-xxxxxxxxxxxxxxxx",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=",
    "akab-access-token-xxx-xxxxxxxxxxxxxxxx",
  ]);
  const call = {
    method: "POST",
    url: "https://akaa-baseurl-xxxxxxxxxxx-xxxxxxxxxxxxx.luna.akamaiapis.net/testapi/v1/t3",
    headers: {},
    body: "datadatadatadatadatadatadatadata",
    tokens: {},
  };
  const atMs = Date.UTC(2014, 2, 21, 19, 34, 21);
  const signed = await sign(call, {
    atMs,
    randomText: () => "nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
  });
  expect(signed.headers["authorization"]).toMatch(
    /;signature=hXm4iCxtpN22m4cbZb4lVLW5rhX8Ca82vCFqXzSTPe4=$/,
  );
});
