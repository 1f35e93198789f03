// protobufjs takes it for "there is no Long": 64-bit fields are numbers.
module.exports = null;
