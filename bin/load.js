// Loads the built program, and keeps what V8 has made of it for the next time. Without that, a third
// of the time until the first process runs goes into compiling again what was compiled before.
"use strict";
const fs = require("node:fs");
const { createRequire, enableCompileCache } = require("node:module");
const { basename, dirname, join } = require("node:path");
const process = require("node:process");
const { Script } = require("node:vm");

const { HOME, XDG_CACHE_HOME } = process.env;
const folder = XDG_CACHE_HOME || (HOME && join(HOME, ".cache"));
const cache = folder && join(folder, "procman");
/** Of one file: for those who go back and forth between versions. */
const keptVersions = 3;

exports.load = (file) => {
  if (!enableCompileCache) return loadOnce(file);
  // Newer versions of Node do all this themselves.
  enableCompileCache(cache);
  return require(file);
};

const loaded = new Map();

function loadOnce(file) {
  if (!loaded.has(file)) loaded.set(file, loadFile(file));
  return loaded.get(file);
}

/** As `require` does it, for a file that requires only its neighbours and packages. */
function loadFile(file) {
  const kept = keptPath(file);
  const cachedData = kept && readOwn(kept);
  const source = `(function (exports, require, module) {${fs.readFileSync(file, "utf8")}\n})`;
  const script = new Script(source, {
    filename: file,
    cachedData,
  });
  if (kept && (cachedData === undefined || script.cachedDataRejected)) {
    // By then all that was needed has been compiled.
    process.once("exit", () => keep(kept, script.createCachedData()));
  }
  const module = { exports: {} };
  const packages = createRequire(file);
  const requireFrom = (id) =>
    id.startsWith("./") ? loadOnce(join(dirname(file), id)) : packages(id);
  requireFrom.importModule = (id) => import(id);
  script.runInThisContext()(module.exports, requireFrom, module);
  return module.exports;
}

/** Another one for another file, though it has the same name. */
function keptPath(file) {
  if (!cache) return undefined;
  const { ino, size, mtimeMs } = fs.statSync(file);
  const { arch, versions } = process;
  return join(cache, `${basename(file)}-${versions.node}-${arch}-${ino}-${size}-${mtimeMs}`);
}

/** Undefined, unless nobody else can have written it: what is in it is run. */
function readOwn(path) {
  let fd;
  try {
    if (!isOwn(fs.lstatSync(cache))) return undefined;
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    const found = fs.fstatSync(fd);
    return found.isFile() && isOwn(found) ? fs.readFileSync(fd) : undefined;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

function isOwn({ uid, mode }) {
  return uid === process.getuid() && (mode & 0o022) === 0;
}

/** Without it all goes on as before, only later. */
function keep(path, data) {
  try {
    fs.mkdirSync(cache, { recursive: true, mode: 0o700 });
    const found = fs.lstatSync(cache);
    if (!found.isDirectory() || !isOwn(found)) return;
    const unfinished = `${path}.${process.pid}`;
    fs.writeFileSync(unfinished, data, { flag: "wx", mode: 0o600 });
    fs.renameSync(unfinished, path);
    removeOld(path);
  } catch {
    // A disk that is full, or a home that may not be written to.
  }
}

function removeOld(path) {
  const [name] = basename(path).split("-", 1);
  const kept = fs
    .readdirSync(cache)
    .filter((other) => other.startsWith(`${name}-`))
    .map((other) => join(cache, other))
    .sort((one, other) => fs.statSync(other).mtimeMs - fs.statSync(one).mtimeMs);
  for (const old of kept.slice(keptVersions)) fs.unlinkSync(old);
}
