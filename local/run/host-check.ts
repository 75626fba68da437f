// Protects a local site against DNS rebinding. A website can give its own name the address of this machine. Its
// scripts could then read the site, although the origin alone would refuse the name.

/**
 * @param allowed hosts without a port, in lower case, beside addresses, `localhost` and names below it
 * @returns the text of a function that returns the answer to a request for another host, or `undefined`
 */
export function hostCheck(allowed: readonly string[]): string {
  return `const allowedHosts = ${JSON.stringify(allowed)};
function refusedHost({ url, headers }) {
  const urls = [url, "http://" + headers.get("host")].map((text) => URL.parse(text));
  const names = urls.map((parsed) => (parsed?.hostname ?? "(unreadable)").replace(/\\.$/, ""));
  const name = names.find((host) =>
    !/^\\[|^\\d+(?:\\.\\d+){3}$|(?:^|\\.)localhost$/.test(host) && !allowedHosts.includes(host));
  if (name === undefined) return undefined;
  const says = "This local site does not answer for the host " + name + ". A website could give its name the " +
    "address of this machine, and read the site in your browser (DNS rebinding).\\n" +
    "If you trust the name, start again with --allowed-host " + name + "\\n";
  return new Response("403 Forbidden\\n\\n" + says, {
    status: 403,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      "proxy-status": "tidemark-start; error=http_request_denied",
    },
  });
}`;
}
