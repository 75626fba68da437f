import { setResponseHeaders } from "h3";

/** Lets Tidemark store the page that is being rendered, under these tags. Does nothing in the browser. */
export function useCacheTags(...tags) {
  const event = useRequestEvent();
  if (event) setResponseHeaders(event, cacheFields(tags));
}
