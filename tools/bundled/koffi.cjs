// koffi in the bundles: its native functions, whose JavaScript finds them by asking for every platform that there is.
module.exports = require(`@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`);
