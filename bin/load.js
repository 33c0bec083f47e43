// Loads the built program, and keeps what V8 has made of it for the next time. Without that, a third
// of the time until the first process runs goes into compiling again what was compiled before.
"use strict";
const fs = require("node:fs");
const { basename, dirname, join } = require("node:path");
const process = require("node:process");
const { Script } = require("node:vm");

const { HOME, XDG_CACHE_HOME } = process.env;
const folder = XDG_CACHE_HOME || (HOME && join(HOME, ".cache"));
const cache = folder && join(folder, "procman");
/** Of one file: for those who go back and forth between versions. */
const keptVersions = 3;

exports.load = (file) => {
  // Newer versions of Node do all this themselves; the older ones are not made to load what tells.
  const [major] = process.versions.node.split(".").map(Number);
  const { enableCompileCache } = major < 22 ? {} : require("node:module");
  if (!enableCompileCache) return loadOnce(file);
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
  const source = fs.readFileSync(file);
  const kept = keptPath(file);
  const cachedData = kept && readKept(kept, source);
  const script = new Script(`(function (exports, require, module) {${source}\n})`, {
    filename: file,
    cachedData,
  });
  if (kept && (cachedData === undefined || script.cachedDataRejected)) {
    keepAtExit(() => keep(kept, source, script.createCachedData()));
  }
  const module = { exports: {} };
  // Packages are found from here as from there.
  const requireFrom = (id) =>
    id.startsWith("./") ? loadOnce(join(dirname(file), id)) : require(id);
  requireFrom.importModule = (id) => import(id);
  script.runInThisContext()(module.exports, requireFrom, module);
  return module.exports;
}

const toKeep = [];

/** By then all that was needed has been compiled. One listener for all: of more than ten Node warns. */
function keepAtExit(act) {
  if (toKeep.length === 0) {
    process.once("exit", () => {
      for (const keepOne of toKeep) keepOne();
    });
  }
  toKeep.push(act);
}

/** Another one for each installation, as long as it has another time. */
function keptPath(file) {
  if (!cache) return undefined;
  const { arch, versions } = process;
  return join(cache, `${basename(file)}-${versions.node}-${arch}-${fs.statSync(file).mtimeMs}`);
}

/**
 * What was compiled stands behind the source that it was made of, twice: V8 believes it without a
 * look, and a disk may have damaged it. To compare takes nothing, to compute a sum a millisecond.
 */
function readKept(path, source) {
  const bytes = readOwn(path);
  if (!bytes?.subarray(0, source.length).equals(source)) return undefined;
  const half = (bytes.length - source.length) / 2;
  const middle = source.length + half;
  const data = bytes.subarray(source.length, middle);
  return data.length > 0 && data.equals(bytes.subarray(middle)) ? data : undefined;
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
function keep(path, source, data) {
  try {
    for (const each of [folder, cache]) makeFolder(each);
    const found = fs.lstatSync(cache);
    if (!found.isDirectory() || !isOwn(found)) return;
    const unfinished = `${path}.${process.pid}`;
    const bytes = Buffer.concat([source, data, data]);
    fs.writeFileSync(unfinished, bytes, { flag: "wx", mode: 0o600 });
    fs.renameSync(unfinished, path);
    removeOld(path);
  } catch {
    // A disk that is full, or a home that may not be written to.
  }
}

/** Not with all that is above it, for which Node tries for ever where nothing can be made. */
function makeFolder(path) {
  try {
    fs.mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
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
