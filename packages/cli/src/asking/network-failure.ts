// Explains a failed `fetch` of Node in words.

export interface NetworkFailure {
  readonly code: "unreachable" | "too-late" | "certificate";
  /** A sentence without the full stop. */
  readonly why: string;
}

const told: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Nothing listens there",
  ENOTFOUND: "There is no such host",
  EAI_AGAIN: "The name could not be looked up",
  ECONNRESET: "The connection was cut off",
  UND_ERR_SOCKET: "The connection was cut off",
  ETIMEDOUT: "The connection timed out",
  UND_ERR_CONNECT_TIMEOUT: "The connection was not made in time",
  ERR_SSL_WRONG_VERSION_NUMBER: "The server there does not speak TLS",
  CERT_HAS_EXPIRED: "Its certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "Its certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "Its certificate is signed by an authority that is not trusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "It does not send the certificate that signed its own",
  ERR_TLS_CERT_ALTNAME_INVALID: "Its certificate is for another name",
};

/** @param answerMsMax the timeout of the request */
export function networkFailure(cause: unknown, answerMsMax: number): NetworkFailure {
  if (cause instanceof Error && cause.name === "TimeoutError") {
    return { code: "too-late", why: `No answer came within ${answerMsMax / 1_000} s` };
  }
  const code = reasonIn(cause);
  const isCertificate = /CERT|SELF_SIGNED|SIGNATURE|ALTNAME|ISSUER/.test(code);
  return {
    code: isCertificate ? "certificate" : "unreachable",
    why: told[code] ?? `The request failed with ${code}`,
  };
}

/** Returns the code in the error's cause. Errors of fetch itself, such as for a blocked port, have no code there. */
function reasonIn(failure: unknown): string {
  const cause = failure instanceof Error ? failure.cause : undefined;
  const inner = cause ?? failure;
  if (typeof inner !== "object" || inner === null) return "an unknown failure";
  if ("code" in inner) return String(inner.code);
  if (!(inner instanceof Error)) return "an unknown failure";
  return inner === cause ? inner.message : inner.name;
}
