// Cancels a body that nobody reads.

/** Does not wait, because the cancellation of a body may never settle. */
export function cancelBody(response: Response | undefined): void {
  void response?.body?.cancel().catch(() => undefined);
}
