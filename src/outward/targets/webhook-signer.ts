// Signs requests by Standard Webhooks, like the client of src/purger/.
import { createSigner } from "../../purger/signature.ts";
import type { CredentialForm } from "../../protocol/variables/outward-secrets.ts";
import type { SignCall } from "../delivery/call.ts";

/** The credential of targets that check such a signature. */
export const webhookCredential: CredentialForm = {
  parts: ["secret: whsec_ and the base64 of at least 12 bytes"],
  form: { pattern: /^whsec_[A-Za-z0-9+/]{16,}={0,2}$/, why: "is not whsec_ and base64" },
};

/** @param secret `whsec_` and base64. */
export function webhookSigner(secret: string): SignCall {
  return async (call, { atMs, randomText }) => {
    const id = `msg_${randomText().replaceAll("-", "")}`;
    const signed = await createSigner(secret)({ id, body: call.body ?? "" }, atMs);
    return { ...call, headers: { ...call.headers, ...signed } };
  };
}
