// Cancels a body without a reader.

/** Cancels the body, without waiting for the cancellation, which may never settle. */
export function cancelBody(response: Response | undefined): void {
  void response?.body?.cancel().catch(() => undefined);
}
