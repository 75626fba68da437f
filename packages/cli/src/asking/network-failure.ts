// Explains why a `fetch` of Node failed.

export interface NetworkFailure {
  readonly code: "unreachable" | "too-late" | "certificate";
  /** A sentence without the full stop. */
  readonly why: string;
}

const texts: Readonly<Record<string, string>> = {
  ECONNREFUSED: "No server listens at this address",
  ENOTFOUND: "The host does not exist",
  EAI_AGAIN: "The DNS lookup failed",
  ECONNRESET: "The connection was cut off",
  UND_ERR_SOCKET: "The connection was cut off",
  ETIMEDOUT: "The connection timed out",
  UND_ERR_CONNECT_TIMEOUT: "The connection timed out",
  ERR_SSL_WRONG_VERSION_NUMBER: "The server does not use TLS",
  CERT_HAS_EXPIRED: "Its certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "Its certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "Its certificate is signed by an authority that is not trusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "The server does not send its intermediate certificate",
  ERR_TLS_CERT_ALTNAME_INVALID: "Its certificate is for another name",
};

/** @param answerMsMax the timeout of the request, in milliseconds */
export function networkFailure(cause: unknown, answerMsMax: number): NetworkFailure {
  if (cause instanceof Error && cause.name === "TimeoutError") {
    return { code: "too-late", why: `No answer came within ${answerMsMax / 1_000} s` };
  }
  const code = reasonIn(cause);
  const isCertificate = /CERT|SELF_SIGNED|SIGNATURE|ALTNAME|ISSUER/.test(code);
  return {
    code: isCertificate ? "certificate" : "unreachable",
    why: texts[code] ?? `The request failed with ${code}`,
  };
}

/**
 * Returns the code of the error's cause. An error of fetch itself, such as for a blocked port, has
 * only a message.
 */
function reasonIn(failure: unknown): string {
  const cause = failure instanceof Error ? failure.cause : undefined;
  const inner = cause ?? failure;
  if (typeof inner !== "object" || inner === null) return "an unknown failure";
  if ("code" in inner) return String(inner.code);
  if (!(inner instanceof Error)) return "an unknown failure";
  return inner === cause ? inner.message : inner.name;
}
