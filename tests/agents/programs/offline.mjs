// Where no table of tokens can be fetched LangChain asks again for minutes, after the last word: here
// is one, in which each byte is a token.
const bytes = Array.from({ length: 256 }, (_, byte) => Buffer.from([byte]).toString("base64"));
const table = { pat_str: "[\\s\\S]", special_tokens: {}, bpe_ranks: `! 0 ${bytes.join(" ")}` };
const fetched = globalThis.fetch;
globalThis.fetch = (address, ...more) =>
  String(address).startsWith("https://tiktoken.pages.dev/")
    ? Promise.resolve(Response.json(table))
    : fetched(address, ...more);
