// Judges objects of Argo CD and Flux by the schemas that npm's @kubernetes-models packages carry.
//
// `node schema_judge.mjs SCHEMAS < objects.json` writes a list of faults for each object. The schemas are
// programs that let unknown fields pass, as Kubernetes' own do; so what they never read is a fault too.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const packages = { "argoproj.io": "argo-cd", "kustomize.toolkit.fluxcd.io": "flux-cd" };

async function schemaOf({ apiVersion, kind }) {
  const home = join(process.argv[2], "node_modules", "@kubernetes-models", packages[apiVersion.split("/")[0]]);
  const model = join(home, apiVersion, `${kind}.js`);
  const schema = readFileSync(model, "utf8").match(/from"([^"]*_schemas[^"]*)"/)[1];
  return (await import(pathToFileURL(join(home, apiVersion, schema)))).validate;
}

function watched(value, path, read) {
  if (value === null || typeof value !== "object") return value;
  return new Proxy(value, {
    get(target, key) {
      if (!Object.hasOwn(target, key)) return target[key];
      read.add(`${path}/${key}`);
      return watched(target[key], `${path}/${key}`, read);
    },
  });
}

function* fieldsOf(value, path) {
  if (value === null || typeof value !== "object") return;
  for (const [key, inner] of Object.entries(value)) {
    yield `${path}/${key}`;
    yield* fieldsOf(inner, `${path}/${key}`);
  }
}

const judged = [];
for (const object of JSON.parse(readFileSync(0, "utf8"))) {
  const validate = await schemaOf(object);
  const read = new Set();
  const faults = validate(watched(object, "", read)) ? [] : validate.errors.map((e) => `${e.instancePath} ${e.keyword}`);
  for (const field of fieldsOf(object, "")) if (!read.has(field)) faults.push(`${field} is unknown`);
  judged.push(faults);
}
process.stdout.write(JSON.stringify(judged));
