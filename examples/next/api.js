// The stories of the site, in the place of a database: GET and PUT of /stories/1.
import { createServer } from "node:http";

const titles = new Map([
  ["1", "Tide tables for the week"],
  ["2", "Harbour opens early"],
]);

createServer(async (request, response) => {
  const id = request.url.split("/")[2];
  if (request.method === "PUT") titles.set(id, await new Response(request).text());
  const story = (one) => ({ id: one, title: titles.get(one), readAt: new Date().toISOString() });
  console.log(request.method, request.url);
  response.end(JSON.stringify(id ? story(id) : [...titles.keys()].map(story)));
}).listen(4000, "127.0.0.1");
