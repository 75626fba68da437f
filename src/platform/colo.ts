// Where a request arrived: one rule for all who ask.

/**
 * @param own the deployment's own word for its place, which goes before the platform's
 * @returns empty where neither says it
 */
export function coloOf(own: string | undefined, request: Request | undefined): string {
  return own ?? request?.cf?.colo ?? "";
}
