// Asks an agent's socket again and again with Node's own http client, each time on a connection of its own.
//
// ask_often.mjs SOCKET TRIES AT-ONCE BODY-BYTES PATH SECONDS: posts so many spaces, so many requests at a time. Prints one JSON
// object: how often each status and code, or each error of the client, was seen; "late" for an error after so many seconds.

import http from "node:http";

const [socketPath, tries, atOnce, bytes, path, seconds] = process.argv.slice(2);
const body = " ".repeat(Number(bytes));
const seen = {};
let left = Number(tries);

function ask() {
  const began = performance.now();
  const named = (error) => (performance.now() - began <= seconds * 1000 ? error.code : "late");
  return new Promise((resolve) => {
    const options = { socketPath, path, method: "POST", agent: false, headers: { "Content-Length": body.length } };
    const request = http.request(options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part) => (text += part));
      response.on("end", () => resolve(`${response.statusCode} ${JSON.parse(text).code}`));
      response.on("error", (error) => resolve(named(error)));
    });
    request.on("error", (error) => resolve(named(error)));
    request.end(body);
  });
}

async function askOn() {
  while (left-- > 0) {
    const outcome = await ask();
    seen[outcome] = (seen[outcome] ?? 0) + 1;
  }
}

await Promise.all(Array.from({ length: Number(atOnce) }, askOn));
console.log(JSON.stringify(seen));
