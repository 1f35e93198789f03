/** Scripts for `TestVm.converse`: they join their standard input and output with where a serial port or console goes. */

/** The socket may not be there yet. */
export function socketClient(path: string): string {
  return `exec '${process.execPath}' -e "${CLIENT}" ${path}`;
}

export function ptyClient(path: string): string {
  return `exec 3<>${path}; cat <&3 & exec cat >&3`;
}

const CLIENT = `
const connect = () => {
  const socket = require('net').connect(process.argv[1]);
  socket.on('connect', () => { process.stdin.pipe(socket); socket.pipe(process.stdout); });
  socket.on('error', () => setTimeout(connect, 100));
};
connect();`;
