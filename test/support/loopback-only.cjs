// Required by a program under test that may talk to this machine and to nobody else.
"use strict";

const { Socket } = require("node:net");

const allowed = ["127.0.0.1", "localhost", "::1"];
const connect = Socket.prototype.connect;

Socket.prototype.connect = function connectNearby(...args) {
  const [first] = args.flat();
  const { host, path } = typeof first === "object" && first !== null ? first : {};
  if (path === undefined && !allowed.includes(host ?? "localhost")) {
    process.stderr.write(`a connection to ${host} was tried\n`);
    throw new Error(`no connections to ${host}`);
  }
  return connect.apply(this, args);
};
