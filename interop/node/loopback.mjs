// Names under `localhost` are this machine (RFC 6761, 6.3): browsers know that, the system's resolver often doesn't.
// Every other name is refused, so that an exercise that would reach out fails here, and can't pass by accident.
import dns from 'node:dns';

const LOOPBACK = { address: '127.0.0.1', family: 4 };

dns.lookup = (name, options, callback = options) => {
  if (!/(^|\.)localhost$|^127\.[0-9.]+$/.test(name)) {
    const refusal = new Error(`${name} is not this machine, and an exercise reaches nothing else`);
    return process.nextTick(callback, Object.assign(refusal, { code: 'ENOTFOUND' }));
  }
  if (options?.all) return process.nextTick(callback, null, [LOOPBACK]);
  process.nextTick(callback, null, LOOPBACK.address, LOOPBACK.family);
};
