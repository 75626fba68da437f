// Lets go of a body that nobody reads.

/** Waits for nothing: a cancelled body may never say that it has ended. */
export function letGo(response: Response | undefined): void {
  void response?.body?.cancel().catch(() => undefined);
}
