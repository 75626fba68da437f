// Recognizes the host of the dashboard alone, the option `operatorHost`.

/**
 * Returns whether a host is `operatorHost`, with any port, and with or without a final dot.
 *
 * @param host in lower case
 */
export function isOperatorHost(host: string, operatorHost: string | undefined): boolean {
  return operatorHost !== undefined && host.replace(/\.?(?::\d+)?$/, "") === operatorHost;
}
