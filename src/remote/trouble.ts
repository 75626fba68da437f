// The kinds of trouble with a remote store, and the texts about them for operators. A text contains no
// secret, address or key.

/** Each kind requires another action by the operator. */
export type RemoteTrouble =
  | "token-refused"
  | "forbidden"
  | "unreachable"
  | "not-open"
  | "subscribed"
  | "timeout"
  | "busy"
  | "full"
  | "read-only"
  | "not-permitted"
  | "plan-used-up"
  | "wrong-type"
  | "not-saving"
  | "few-replicas"
  | "needs-cluster"
  | "unknown-command"
  | "not-upstash"
  | "too-large"
  | "refused"
  | "other-version"
  | "platform-limit"
  | "failed";

/** `breaker-open`, `writes-refused`: the call was not sent, because of earlier failures. */
export type RemoteCause = RemoteTrouble | "breaker-open" | "writes-refused";

/**
 * The reason and the advice by kind of trouble, for one kind of store. Both are without a full stop,
 * and the advice is uncapitalised.
 */
export type TroubleWords = Readonly<
  Partial<Record<RemoteTrouble, readonly [why: string, hint?: string]>>
>;

/** The trouble of one invocation, which says nothing about the store. */
export const ofInvocation = "platform-limit" satisfies RemoteTrouble;

/** The words of every store whose calls the platform limits. */
export const platformWords = {
  [ofInvocation]: [
    "One request needs more subrequests or connections than the platform allows it",
    "read several values with getMany or getOrSetMany, or use a plan with more subrequests",
  ],
} as const satisfies TroubleWords;

/** Troubles that usually end without intervention. */
export const passing: readonly RemoteTrouble[] = ["unreachable", "timeout", "busy"];

/** Returns the reason, without a full stop. */
export function whyOf(trouble: RemoteTrouble, words: TroubleWords): string {
  return words[trouble]?.[0] ?? "The store failed";
}

/** Returns the advice, uncapitalised; `undefined` if a retry suffices. */
export function hintOf(trouble: RemoteTrouble, words: TroubleWords): string | undefined {
  return passing.includes(trouble) ? undefined : words[trouble]?.[1];
}

/** Returns the reason and the advice for a finding. */
export function wordsOf(trouble: RemoteTrouble, words: TroubleWords) {
  return { why: whyOf(trouble, words), hint: words[trouble]?.[1] ?? "check the Worker's logs" };
}

/** Returns a log line with the reason, and with the advice if there is one. */
export function troubleLine(trouble: RemoteTrouble, words: TroubleWords): string {
  const hint = words[trouble]?.[1];
  const why = whyOf(trouble, words);
  return hint === undefined ? `${why}.` : `${why}: ${hint}.`;
}
