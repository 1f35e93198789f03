/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;

// Exported root namespace
const $root = $protobuf.roots.start || ($protobuf.roots.start = {});

export const ch = $root.ch = (() => {

    /**
     * Namespace ch.
     * @exports ch
     * @namespace
     */
    const ch = {};

    ch.start = (function() {

        /**
         * Namespace start.
         * @memberof ch
         * @namespace
         */
        const start = {};

        start.v1 = (function() {

            /**
             * Namespace v1.
             * @memberof ch.start
             * @namespace
             */
            const v1 = {};

            v1.ToCore = (function() {

                /**
                 * Properties of a ToCore.
                 * @memberof ch.start.v1
                 * @interface IToCore
                 * @property {ch.start.v1.ICreateVm|null} [createVm] ToCore createVm
                 * @property {ch.start.v1.IAddDevice|null} [addDevice] ToCore addDevice
                 * @property {ch.start.v1.IRun|null} [run] ToCore run
                 * @property {ch.start.v1.IPowerButton|null} [powerButton] ToCore powerButton
                 * @property {ch.start.v1.IStop|null} [stop] ToCore stop
                 * @property {ch.start.v1.IPause|null} [pause] ToCore pause
                 * @property {ch.start.v1.IResume|null} [resume] ToCore resume
                 * @property {ch.start.v1.ISave|null} [save] ToCore save
                 */

                /**
                 * Constructs a new ToCore.
                 * @memberof ch.start.v1
                 * @classdesc Represents a ToCore.
                 * @implements IToCore
                 * @constructor
                 * @param {ch.start.v1.IToCore=} [properties] Properties to set
                 */
                function ToCore(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * ToCore createVm.
                 * @member {ch.start.v1.ICreateVm|null|undefined} createVm
                 * @memberof ch.start.v1.ToCore
                 * @instance
                 */
                ToCore.prototype.createVm = null;

                /**
                 * ToCore addDevice.
                 * @member {ch.start.v1.IAddDevice|null|undefined} addDevice
                 * @memberof ch.start.v1.ToCore
                 * @instance
                 */
                ToCore.prototype.addDevice = null;

                /**
                 * ToCore run.
                 * @member {ch.start.v1.IRun|null|undefined} run
                 * @memberof ch.start.v1.ToCore
                 * @instance
                 */
                ToCore.prototype.run = null;

                /**
                 * ToCore powerButton.
                 * @member {ch.start.v1.IPowerButton|null|undefined} powerButton
                 * @memberof ch.start.v1.ToCore
                 * @instance
                 */
                ToCore.prototype.powerButton = null;

                /**
                 * ToCore stop.
                 * @member {ch.start.v1.IStop|null|undefined} stop
                 * @memberof ch.start.v1.ToCore
                 * @instance
                 */
                ToCore.prototype.stop = null;

                /**
                 * ToCore pause.
                 * @member {ch.start.v1.IPause|null|undefined} pause
                 * @memberof ch.start.v1.ToCore
                 * @instance
                 */
                ToCore.prototype.pause = null;

                /**
                 * ToCore resume.
                 * @member {ch.start.v1.IResume|null|undefined} resume
                 * @memberof ch.start.v1.ToCore
                 * @instance
                 */
                ToCore.prototype.resume = null;

                /**
                 * ToCore save.
                 * @member {ch.start.v1.ISave|null|undefined} save
                 * @memberof ch.start.v1.ToCore
                 * @instance
                 */
                ToCore.prototype.save = null;

                // OneOf field names bound to virtual getters and setters
                let $oneOfFields;

                /**
                 * ToCore message.
                 * @member {"createVm"|"addDevice"|"run"|"powerButton"|"stop"|"pause"|"resume"|"save"|undefined} message
                 * @memberof ch.start.v1.ToCore
                 * @instance
                 */
                Object.defineProperty(ToCore.prototype, "message", {
                    get: $util.oneOfGetter($oneOfFields = ["createVm", "addDevice", "run", "powerButton", "stop", "pause", "resume", "save"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                /**
                 * Creates a new ToCore instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.ToCore
                 * @static
                 * @param {ch.start.v1.IToCore=} [properties] Properties to set
                 * @returns {ch.start.v1.ToCore} ToCore instance
                 */
                ToCore.create = function create(properties) {
                    return new ToCore(properties);
                };

                /**
                 * Encodes the specified ToCore message. Does not implicitly {@link ch.start.v1.ToCore.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.ToCore
                 * @static
                 * @param {ch.start.v1.IToCore} message ToCore message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                ToCore.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.createVm != null && Object.hasOwnProperty.call(message, "createVm"))
                        $root.ch.start.v1.CreateVm.encode(message.createVm, writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                    if (message.addDevice != null && Object.hasOwnProperty.call(message, "addDevice"))
                        $root.ch.start.v1.AddDevice.encode(message.addDevice, writer.uint32(/* id 2, wireType 2 =*/18).fork(), q + 1).ldelim();
                    if (message.run != null && Object.hasOwnProperty.call(message, "run"))
                        $root.ch.start.v1.Run.encode(message.run, writer.uint32(/* id 3, wireType 2 =*/26).fork(), q + 1).ldelim();
                    if (message.powerButton != null && Object.hasOwnProperty.call(message, "powerButton"))
                        $root.ch.start.v1.PowerButton.encode(message.powerButton, writer.uint32(/* id 4, wireType 2 =*/34).fork(), q + 1).ldelim();
                    if (message.stop != null && Object.hasOwnProperty.call(message, "stop"))
                        $root.ch.start.v1.Stop.encode(message.stop, writer.uint32(/* id 5, wireType 2 =*/42).fork(), q + 1).ldelim();
                    if (message.pause != null && Object.hasOwnProperty.call(message, "pause"))
                        $root.ch.start.v1.Pause.encode(message.pause, writer.uint32(/* id 6, wireType 2 =*/50).fork(), q + 1).ldelim();
                    if (message.resume != null && Object.hasOwnProperty.call(message, "resume"))
                        $root.ch.start.v1.Resume.encode(message.resume, writer.uint32(/* id 7, wireType 2 =*/58).fork(), q + 1).ldelim();
                    if (message.save != null && Object.hasOwnProperty.call(message, "save"))
                        $root.ch.start.v1.Save.encode(message.save, writer.uint32(/* id 8, wireType 2 =*/66).fork(), q + 1).ldelim();
                    return writer;
                };

                /**
                 * Decodes a ToCore message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.ToCore
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.ToCore} ToCore
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                ToCore.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.ToCore();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.createVm = $root.ch.start.v1.CreateVm.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 2: {
                                message.addDevice = $root.ch.start.v1.AddDevice.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 3: {
                                message.run = $root.ch.start.v1.Run.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 4: {
                                message.powerButton = $root.ch.start.v1.PowerButton.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 5: {
                                message.stop = $root.ch.start.v1.Stop.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 6: {
                                message.pause = $root.ch.start.v1.Pause.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 7: {
                                message.resume = $root.ch.start.v1.Resume.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 8: {
                                message.save = $root.ch.start.v1.Save.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return ToCore;
            })();

            v1.CreateVm = (function() {

                /**
                 * Properties of a CreateVm.
                 * @memberof ch.start.v1
                 * @interface ICreateVm
                 * @property {string|null} [id] CreateVm id
                 * @property {number|null} [bootVcpus] CreateVm bootVcpus
                 * @property {number|null} [maxVcpus] CreateVm maxVcpus
                 * @property {number|null} [memorySize] CreateVm memorySize
                 * @property {boolean|null} [prefault] CreateVm prefault
                 * @property {number|null} [hugePageSize] CreateVm hugePageSize
                 * @property {string|null} [cmdline] CreateVm cmdline
                 * @property {ch.start.v1.IPlatform|null} [platform] CreateVm platform
                 * @property {boolean|null} [noReboot] CreateVm noReboot
                 * @property {number|null} [logLevel] CreateVm logLevel
                 * @property {number|null} [kvm] CreateVm kvm
                 * @property {number|null} [kernel] CreateVm kernel
                 * @property {number|null} [firmware] CreateVm firmware
                 * @property {number|null} [initramfs] CreateVm initramfs
                 * @property {number|null} [savedState] CreateVm savedState
                 * @property {number|null} [savedMemory] CreateVm savedMemory
                 */

                /**
                 * Constructs a new CreateVm.
                 * @memberof ch.start.v1
                 * @classdesc Represents a CreateVm.
                 * @implements ICreateVm
                 * @constructor
                 * @param {ch.start.v1.ICreateVm=} [properties] Properties to set
                 */
                function CreateVm(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * CreateVm id.
                 * @member {string} id
                 * @memberof ch.start.v1.CreateVm
                 * @instance
                 */
                CreateVm.prototype.id = "";

                /**
                 * CreateVm bootVcpus.
                 * @member {number} bootVcpus
                 * @memberof ch.start.v1.CreateVm
                 * @instance
                 */
                CreateVm.prototype.bootVcpus = 0;

                /**
                 * CreateVm maxVcpus.
                 * @member {number} maxVcpus
                 * @memberof ch.start.v1.CreateVm
                 * @instance
                 */
                CreateVm.prototype.maxVcpus = 0;

                /**
                 * CreateVm memorySize.
                 * @member {number} memorySize
                 * @memberof ch.start.v1.CreateVm
                 * @instance
                 */
                CreateVm.prototype.memorySize = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * CreateVm prefault.
                 * @member {boolean} prefault
                 * @memberof ch.start.v1.CreateVm
                 * @instance
                 */
                CreateVm.prototype.prefault = false;

                /**
                 * CreateVm hugePageSize.
                 * @member {number} hugePageSize
                 * @memberof ch.start.v1.CreateVm
                 * @instance
                 */
                CreateVm.prototype.hugePageSize = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * CreateVm cmdline.
                 * @member {string} cmdline
                 * @memberof ch.start.v1.CreateVm
                 * @instance
                 */
                CreateVm.prototype.cmdline = "";

                /**
                 * CreateVm platform.
                 * @member {ch.start.v1.IPlatform|null|undefined} platform
                 * @memberof ch.start.v1.CreateVm
                 * @instance
                 */
                CreateVm.prototype.platform = null;

                /**
                 * CreateVm noReboot.
                 * @member {boolean} noReboot
                 * @memberof ch.start.v1.CreateVm
                 * @instance
                 */
                CreateVm.prototype.noReboot = false;

                /**
                 * CreateVm logLevel.
                 * @member {number} logLevel
                 * @memberof ch.start.v1.CreateVm
                 * @instance
                 */
                CreateVm.prototype.logLevel = 0;

                /**
                 * CreateVm kvm.
                 * @member {number} kvm
                 * @memberof ch.start.v1.CreateVm
                 * @instance
                 */
                CreateVm.prototype.kvm = 0;

                /**
                 * CreateVm kernel.
                 * @member {number} kernel
                 * @memberof ch.start.v1.CreateVm
                 * @instance
                 */
                CreateVm.prototype.kernel = 0;

                /**
                 * CreateVm firmware.
                 * @member {number} firmware
                 * @memberof ch.start.v1.CreateVm
                 * @instance
                 */
                CreateVm.prototype.firmware = 0;

                /**
                 * CreateVm initramfs.
                 * @member {number} initramfs
                 * @memberof ch.start.v1.CreateVm
                 * @instance
                 */
                CreateVm.prototype.initramfs = 0;

                /**
                 * CreateVm savedState.
                 * @member {number} savedState
                 * @memberof ch.start.v1.CreateVm
                 * @instance
                 */
                CreateVm.prototype.savedState = 0;

                /**
                 * CreateVm savedMemory.
                 * @member {number} savedMemory
                 * @memberof ch.start.v1.CreateVm
                 * @instance
                 */
                CreateVm.prototype.savedMemory = 0;

                /**
                 * Creates a new CreateVm instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.CreateVm
                 * @static
                 * @param {ch.start.v1.ICreateVm=} [properties] Properties to set
                 * @returns {ch.start.v1.CreateVm} CreateVm instance
                 */
                CreateVm.create = function create(properties) {
                    return new CreateVm(properties);
                };

                /**
                 * Encodes the specified CreateVm message. Does not implicitly {@link ch.start.v1.CreateVm.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.CreateVm
                 * @static
                 * @param {ch.start.v1.ICreateVm} message CreateVm message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                CreateVm.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.id != null && Object.hasOwnProperty.call(message, "id"))
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.id);
                    if (message.bootVcpus != null && Object.hasOwnProperty.call(message, "bootVcpus"))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.bootVcpus);
                    if (message.maxVcpus != null && Object.hasOwnProperty.call(message, "maxVcpus"))
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.maxVcpus);
                    if (message.memorySize != null && Object.hasOwnProperty.call(message, "memorySize"))
                        writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.memorySize);
                    if (message.prefault != null && Object.hasOwnProperty.call(message, "prefault"))
                        writer.uint32(/* id 5, wireType 0 =*/40).bool(message.prefault);
                    if (message.hugePageSize != null && Object.hasOwnProperty.call(message, "hugePageSize"))
                        writer.uint32(/* id 6, wireType 0 =*/48).uint64(message.hugePageSize);
                    if (message.cmdline != null && Object.hasOwnProperty.call(message, "cmdline"))
                        writer.uint32(/* id 7, wireType 2 =*/58).string(message.cmdline);
                    if (message.platform != null && Object.hasOwnProperty.call(message, "platform"))
                        $root.ch.start.v1.Platform.encode(message.platform, writer.uint32(/* id 8, wireType 2 =*/66).fork(), q + 1).ldelim();
                    if (message.noReboot != null && Object.hasOwnProperty.call(message, "noReboot"))
                        writer.uint32(/* id 9, wireType 0 =*/72).bool(message.noReboot);
                    if (message.logLevel != null && Object.hasOwnProperty.call(message, "logLevel"))
                        writer.uint32(/* id 10, wireType 0 =*/80).uint32(message.logLevel);
                    if (message.kvm != null && Object.hasOwnProperty.call(message, "kvm"))
                        writer.uint32(/* id 11, wireType 0 =*/88).uint32(message.kvm);
                    if (message.kernel != null && Object.hasOwnProperty.call(message, "kernel"))
                        writer.uint32(/* id 12, wireType 0 =*/96).uint32(message.kernel);
                    if (message.firmware != null && Object.hasOwnProperty.call(message, "firmware"))
                        writer.uint32(/* id 13, wireType 0 =*/104).uint32(message.firmware);
                    if (message.initramfs != null && Object.hasOwnProperty.call(message, "initramfs"))
                        writer.uint32(/* id 14, wireType 0 =*/112).uint32(message.initramfs);
                    if (message.savedState != null && Object.hasOwnProperty.call(message, "savedState"))
                        writer.uint32(/* id 15, wireType 0 =*/120).uint32(message.savedState);
                    if (message.savedMemory != null && Object.hasOwnProperty.call(message, "savedMemory"))
                        writer.uint32(/* id 16, wireType 0 =*/128).uint32(message.savedMemory);
                    return writer;
                };

                /**
                 * Decodes a CreateVm message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.CreateVm
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.CreateVm} CreateVm
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                CreateVm.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.CreateVm();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.id = reader.string();
                                break;
                            }
                        case 2: {
                                message.bootVcpus = reader.uint32();
                                break;
                            }
                        case 3: {
                                message.maxVcpus = reader.uint32();
                                break;
                            }
                        case 4: {
                                message.memorySize = reader.uint64();
                                break;
                            }
                        case 5: {
                                message.prefault = reader.bool();
                                break;
                            }
                        case 6: {
                                message.hugePageSize = reader.uint64();
                                break;
                            }
                        case 7: {
                                message.cmdline = reader.string();
                                break;
                            }
                        case 8: {
                                message.platform = $root.ch.start.v1.Platform.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 9: {
                                message.noReboot = reader.bool();
                                break;
                            }
                        case 10: {
                                message.logLevel = reader.uint32();
                                break;
                            }
                        case 11: {
                                message.kvm = reader.uint32();
                                break;
                            }
                        case 12: {
                                message.kernel = reader.uint32();
                                break;
                            }
                        case 13: {
                                message.firmware = reader.uint32();
                                break;
                            }
                        case 14: {
                                message.initramfs = reader.uint32();
                                break;
                            }
                        case 15: {
                                message.savedState = reader.uint32();
                                break;
                            }
                        case 16: {
                                message.savedMemory = reader.uint32();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return CreateVm;
            })();

            v1.Platform = (function() {

                /**
                 * Properties of a Platform.
                 * @memberof ch.start.v1
                 * @interface IPlatform
                 * @property {string|null} [systemManufacturer] Platform systemManufacturer
                 * @property {string|null} [systemProductName] Platform systemProductName
                 * @property {string|null} [systemVersion] Platform systemVersion
                 * @property {string|null} [systemSerialNumber] Platform systemSerialNumber
                 * @property {string|null} [systemUuid] Platform systemUuid
                 * @property {string|null} [systemSkuNumber] Platform systemSkuNumber
                 * @property {string|null} [systemFamily] Platform systemFamily
                 * @property {string|null} [chassisAssetTag] Platform chassisAssetTag
                 * @property {Array.<string>|null} [oemStrings] Platform oemStrings
                 */

                /**
                 * Constructs a new Platform.
                 * @memberof ch.start.v1
                 * @classdesc Represents a Platform.
                 * @implements IPlatform
                 * @constructor
                 * @param {ch.start.v1.IPlatform=} [properties] Properties to set
                 */
                function Platform(properties) {
                    this.oemStrings = [];
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Platform systemManufacturer.
                 * @member {string} systemManufacturer
                 * @memberof ch.start.v1.Platform
                 * @instance
                 */
                Platform.prototype.systemManufacturer = "";

                /**
                 * Platform systemProductName.
                 * @member {string} systemProductName
                 * @memberof ch.start.v1.Platform
                 * @instance
                 */
                Platform.prototype.systemProductName = "";

                /**
                 * Platform systemVersion.
                 * @member {string} systemVersion
                 * @memberof ch.start.v1.Platform
                 * @instance
                 */
                Platform.prototype.systemVersion = "";

                /**
                 * Platform systemSerialNumber.
                 * @member {string} systemSerialNumber
                 * @memberof ch.start.v1.Platform
                 * @instance
                 */
                Platform.prototype.systemSerialNumber = "";

                /**
                 * Platform systemUuid.
                 * @member {string} systemUuid
                 * @memberof ch.start.v1.Platform
                 * @instance
                 */
                Platform.prototype.systemUuid = "";

                /**
                 * Platform systemSkuNumber.
                 * @member {string} systemSkuNumber
                 * @memberof ch.start.v1.Platform
                 * @instance
                 */
                Platform.prototype.systemSkuNumber = "";

                /**
                 * Platform systemFamily.
                 * @member {string} systemFamily
                 * @memberof ch.start.v1.Platform
                 * @instance
                 */
                Platform.prototype.systemFamily = "";

                /**
                 * Platform chassisAssetTag.
                 * @member {string} chassisAssetTag
                 * @memberof ch.start.v1.Platform
                 * @instance
                 */
                Platform.prototype.chassisAssetTag = "";

                /**
                 * Platform oemStrings.
                 * @member {Array.<string>} oemStrings
                 * @memberof ch.start.v1.Platform
                 * @instance
                 */
                Platform.prototype.oemStrings = $util.emptyArray;

                /**
                 * Creates a new Platform instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Platform
                 * @static
                 * @param {ch.start.v1.IPlatform=} [properties] Properties to set
                 * @returns {ch.start.v1.Platform} Platform instance
                 */
                Platform.create = function create(properties) {
                    return new Platform(properties);
                };

                /**
                 * Encodes the specified Platform message. Does not implicitly {@link ch.start.v1.Platform.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Platform
                 * @static
                 * @param {ch.start.v1.IPlatform} message Platform message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Platform.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.systemManufacturer != null && Object.hasOwnProperty.call(message, "systemManufacturer"))
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.systemManufacturer);
                    if (message.systemProductName != null && Object.hasOwnProperty.call(message, "systemProductName"))
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.systemProductName);
                    if (message.systemVersion != null && Object.hasOwnProperty.call(message, "systemVersion"))
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.systemVersion);
                    if (message.systemSerialNumber != null && Object.hasOwnProperty.call(message, "systemSerialNumber"))
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.systemSerialNumber);
                    if (message.systemUuid != null && Object.hasOwnProperty.call(message, "systemUuid"))
                        writer.uint32(/* id 5, wireType 2 =*/42).string(message.systemUuid);
                    if (message.systemSkuNumber != null && Object.hasOwnProperty.call(message, "systemSkuNumber"))
                        writer.uint32(/* id 6, wireType 2 =*/50).string(message.systemSkuNumber);
                    if (message.systemFamily != null && Object.hasOwnProperty.call(message, "systemFamily"))
                        writer.uint32(/* id 7, wireType 2 =*/58).string(message.systemFamily);
                    if (message.chassisAssetTag != null && Object.hasOwnProperty.call(message, "chassisAssetTag"))
                        writer.uint32(/* id 8, wireType 2 =*/66).string(message.chassisAssetTag);
                    if (message.oemStrings != null && message.oemStrings.length)
                        for (let i = 0; i < message.oemStrings.length; ++i)
                            writer.uint32(/* id 9, wireType 2 =*/74).string(message.oemStrings[i]);
                    return writer;
                };

                /**
                 * Decodes a Platform message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Platform
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Platform} Platform
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Platform.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Platform();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.systemManufacturer = reader.string();
                                break;
                            }
                        case 2: {
                                message.systemProductName = reader.string();
                                break;
                            }
                        case 3: {
                                message.systemVersion = reader.string();
                                break;
                            }
                        case 4: {
                                message.systemSerialNumber = reader.string();
                                break;
                            }
                        case 5: {
                                message.systemUuid = reader.string();
                                break;
                            }
                        case 6: {
                                message.systemSkuNumber = reader.string();
                                break;
                            }
                        case 7: {
                                message.systemFamily = reader.string();
                                break;
                            }
                        case 8: {
                                message.chassisAssetTag = reader.string();
                                break;
                            }
                        case 9: {
                                if (!(message.oemStrings && message.oemStrings.length))
                                    message.oemStrings = [];
                                message.oemStrings.push(reader.string());
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return Platform;
            })();

            v1.AddDevice = (function() {

                /**
                 * Properties of an AddDevice.
                 * @memberof ch.start.v1
                 * @interface IAddDevice
                 * @property {string|null} [id] AddDevice id
                 * @property {ch.start.v1.IVhostUserDevice|null} [vhostUser] AddDevice vhostUser
                 * @property {ch.start.v1.ISerial|null} [serial] AddDevice serial
                 * @property {ch.start.v1.IConsole|null} [console] AddDevice console
                 * @property {ch.start.v1.IRng|null} [rng] AddDevice rng
                 * @property {number|null} [pciDeviceId] AddDevice pciDeviceId
                 */

                /**
                 * Constructs a new AddDevice.
                 * @memberof ch.start.v1
                 * @classdesc Represents an AddDevice.
                 * @implements IAddDevice
                 * @constructor
                 * @param {ch.start.v1.IAddDevice=} [properties] Properties to set
                 */
                function AddDevice(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * AddDevice id.
                 * @member {string} id
                 * @memberof ch.start.v1.AddDevice
                 * @instance
                 */
                AddDevice.prototype.id = "";

                /**
                 * AddDevice vhostUser.
                 * @member {ch.start.v1.IVhostUserDevice|null|undefined} vhostUser
                 * @memberof ch.start.v1.AddDevice
                 * @instance
                 */
                AddDevice.prototype.vhostUser = null;

                /**
                 * AddDevice serial.
                 * @member {ch.start.v1.ISerial|null|undefined} serial
                 * @memberof ch.start.v1.AddDevice
                 * @instance
                 */
                AddDevice.prototype.serial = null;

                /**
                 * AddDevice console.
                 * @member {ch.start.v1.IConsole|null|undefined} console
                 * @memberof ch.start.v1.AddDevice
                 * @instance
                 */
                AddDevice.prototype.console = null;

                /**
                 * AddDevice rng.
                 * @member {ch.start.v1.IRng|null|undefined} rng
                 * @memberof ch.start.v1.AddDevice
                 * @instance
                 */
                AddDevice.prototype.rng = null;

                /**
                 * AddDevice pciDeviceId.
                 * @member {number} pciDeviceId
                 * @memberof ch.start.v1.AddDevice
                 * @instance
                 */
                AddDevice.prototype.pciDeviceId = 0;

                // OneOf field names bound to virtual getters and setters
                let $oneOfFields;

                /**
                 * AddDevice device.
                 * @member {"vhostUser"|"serial"|"console"|"rng"|undefined} device
                 * @memberof ch.start.v1.AddDevice
                 * @instance
                 */
                Object.defineProperty(AddDevice.prototype, "device", {
                    get: $util.oneOfGetter($oneOfFields = ["vhostUser", "serial", "console", "rng"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                /**
                 * Creates a new AddDevice instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.AddDevice
                 * @static
                 * @param {ch.start.v1.IAddDevice=} [properties] Properties to set
                 * @returns {ch.start.v1.AddDevice} AddDevice instance
                 */
                AddDevice.create = function create(properties) {
                    return new AddDevice(properties);
                };

                /**
                 * Encodes the specified AddDevice message. Does not implicitly {@link ch.start.v1.AddDevice.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.AddDevice
                 * @static
                 * @param {ch.start.v1.IAddDevice} message AddDevice message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                AddDevice.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.id != null && Object.hasOwnProperty.call(message, "id"))
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.id);
                    if (message.vhostUser != null && Object.hasOwnProperty.call(message, "vhostUser"))
                        $root.ch.start.v1.VhostUserDevice.encode(message.vhostUser, writer.uint32(/* id 2, wireType 2 =*/18).fork(), q + 1).ldelim();
                    if (message.serial != null && Object.hasOwnProperty.call(message, "serial"))
                        $root.ch.start.v1.Serial.encode(message.serial, writer.uint32(/* id 3, wireType 2 =*/26).fork(), q + 1).ldelim();
                    if (message.console != null && Object.hasOwnProperty.call(message, "console"))
                        $root.ch.start.v1.Console.encode(message.console, writer.uint32(/* id 4, wireType 2 =*/34).fork(), q + 1).ldelim();
                    if (message.rng != null && Object.hasOwnProperty.call(message, "rng"))
                        $root.ch.start.v1.Rng.encode(message.rng, writer.uint32(/* id 5, wireType 2 =*/42).fork(), q + 1).ldelim();
                    if (message.pciDeviceId != null && Object.hasOwnProperty.call(message, "pciDeviceId"))
                        writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.pciDeviceId);
                    return writer;
                };

                /**
                 * Decodes an AddDevice message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.AddDevice
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.AddDevice} AddDevice
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                AddDevice.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.AddDevice();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.id = reader.string();
                                break;
                            }
                        case 2: {
                                message.vhostUser = $root.ch.start.v1.VhostUserDevice.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 3: {
                                message.serial = $root.ch.start.v1.Serial.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 4: {
                                message.console = $root.ch.start.v1.Console.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 5: {
                                message.rng = $root.ch.start.v1.Rng.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 6: {
                                message.pciDeviceId = reader.uint32();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return AddDevice;
            })();

            v1.VhostUserDevice = (function() {

                /**
                 * Properties of a VhostUserDevice.
                 * @memberof ch.start.v1
                 * @interface IVhostUserDevice
                 * @property {number|null} [deviceType] VhostUserDevice deviceType
                 * @property {number|null} [numQueues] VhostUserDevice numQueues
                 * @property {number|null} [queueSize] VhostUserDevice queueSize
                 * @property {number|null} [socket] VhostUserDevice socket
                 * @property {ch.start.v1.IRecovery|null} [recovery] VhostUserDevice recovery
                 */

                /**
                 * Constructs a new VhostUserDevice.
                 * @memberof ch.start.v1
                 * @classdesc Represents a VhostUserDevice.
                 * @implements IVhostUserDevice
                 * @constructor
                 * @param {ch.start.v1.IVhostUserDevice=} [properties] Properties to set
                 */
                function VhostUserDevice(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * VhostUserDevice deviceType.
                 * @member {number} deviceType
                 * @memberof ch.start.v1.VhostUserDevice
                 * @instance
                 */
                VhostUserDevice.prototype.deviceType = 0;

                /**
                 * VhostUserDevice numQueues.
                 * @member {number} numQueues
                 * @memberof ch.start.v1.VhostUserDevice
                 * @instance
                 */
                VhostUserDevice.prototype.numQueues = 0;

                /**
                 * VhostUserDevice queueSize.
                 * @member {number} queueSize
                 * @memberof ch.start.v1.VhostUserDevice
                 * @instance
                 */
                VhostUserDevice.prototype.queueSize = 0;

                /**
                 * VhostUserDevice socket.
                 * @member {number} socket
                 * @memberof ch.start.v1.VhostUserDevice
                 * @instance
                 */
                VhostUserDevice.prototype.socket = 0;

                /**
                 * VhostUserDevice recovery.
                 * @member {ch.start.v1.IRecovery|null|undefined} recovery
                 * @memberof ch.start.v1.VhostUserDevice
                 * @instance
                 */
                VhostUserDevice.prototype.recovery = null;

                /**
                 * Creates a new VhostUserDevice instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.VhostUserDevice
                 * @static
                 * @param {ch.start.v1.IVhostUserDevice=} [properties] Properties to set
                 * @returns {ch.start.v1.VhostUserDevice} VhostUserDevice instance
                 */
                VhostUserDevice.create = function create(properties) {
                    return new VhostUserDevice(properties);
                };

                /**
                 * Encodes the specified VhostUserDevice message. Does not implicitly {@link ch.start.v1.VhostUserDevice.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.VhostUserDevice
                 * @static
                 * @param {ch.start.v1.IVhostUserDevice} message VhostUserDevice message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                VhostUserDevice.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.deviceType != null && Object.hasOwnProperty.call(message, "deviceType"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.deviceType);
                    if (message.numQueues != null && Object.hasOwnProperty.call(message, "numQueues"))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.numQueues);
                    if (message.queueSize != null && Object.hasOwnProperty.call(message, "queueSize"))
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.queueSize);
                    if (message.socket != null && Object.hasOwnProperty.call(message, "socket"))
                        writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.socket);
                    if (message.recovery != null && Object.hasOwnProperty.call(message, "recovery"))
                        $root.ch.start.v1.Recovery.encode(message.recovery, writer.uint32(/* id 5, wireType 2 =*/42).fork(), q + 1).ldelim();
                    return writer;
                };

                /**
                 * Decodes a VhostUserDevice message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.VhostUserDevice
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.VhostUserDevice} VhostUserDevice
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                VhostUserDevice.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.VhostUserDevice();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.deviceType = reader.uint32();
                                break;
                            }
                        case 2: {
                                message.numQueues = reader.uint32();
                                break;
                            }
                        case 3: {
                                message.queueSize = reader.uint32();
                                break;
                            }
                        case 4: {
                                message.socket = reader.uint32();
                                break;
                            }
                        case 5: {
                                message.recovery = $root.ch.start.v1.Recovery.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return VhostUserDevice;
            })();

            v1.Recovery = (function() {

                /**
                 * Properties of a Recovery.
                 * @memberof ch.start.v1
                 * @interface IRecovery
                 * @property {number|null} [deadlineMs] Recovery deadlineMs
                 * @property {ch.start.v1.Recovery.Afterwards|null} [afterwards] Recovery afterwards
                 */

                /**
                 * Constructs a new Recovery.
                 * @memberof ch.start.v1
                 * @classdesc Represents a Recovery.
                 * @implements IRecovery
                 * @constructor
                 * @param {ch.start.v1.IRecovery=} [properties] Properties to set
                 */
                function Recovery(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Recovery deadlineMs.
                 * @member {number} deadlineMs
                 * @memberof ch.start.v1.Recovery
                 * @instance
                 */
                Recovery.prototype.deadlineMs = 0;

                /**
                 * Recovery afterwards.
                 * @member {ch.start.v1.Recovery.Afterwards} afterwards
                 * @memberof ch.start.v1.Recovery
                 * @instance
                 */
                Recovery.prototype.afterwards = 0;

                /**
                 * Creates a new Recovery instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Recovery
                 * @static
                 * @param {ch.start.v1.IRecovery=} [properties] Properties to set
                 * @returns {ch.start.v1.Recovery} Recovery instance
                 */
                Recovery.create = function create(properties) {
                    return new Recovery(properties);
                };

                /**
                 * Encodes the specified Recovery message. Does not implicitly {@link ch.start.v1.Recovery.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Recovery
                 * @static
                 * @param {ch.start.v1.IRecovery} message Recovery message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Recovery.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.deadlineMs != null && Object.hasOwnProperty.call(message, "deadlineMs"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.deadlineMs);
                    if (message.afterwards != null && Object.hasOwnProperty.call(message, "afterwards"))
                        writer.uint32(/* id 2, wireType 0 =*/16).int32(message.afterwards);
                    return writer;
                };

                /**
                 * Decodes a Recovery message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Recovery
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Recovery} Recovery
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Recovery.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Recovery();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.deadlineMs = reader.uint32();
                                break;
                            }
                        case 2: {
                                message.afterwards = reader.int32();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                /**
                 * Afterwards enum.
                 * @name ch.start.v1.Recovery.Afterwards
                 * @enum {number}
                 * @property {number} AFTERWARDS_UNSPECIFIED=0 AFTERWARDS_UNSPECIFIED value
                 * @property {number} END=1 END value
                 * @property {number} STALL=2 STALL value
                 * @property {number} PAUSE=3 PAUSE value
                 * @property {number} ERROR=4 ERROR value
                 */
                Recovery.Afterwards = (function() {
                    const valuesById = {}, values = Object.create(valuesById);
                    values[valuesById[0] = "AFTERWARDS_UNSPECIFIED"] = 0;
                    values[valuesById[1] = "END"] = 1;
                    values[valuesById[2] = "STALL"] = 2;
                    values[valuesById[3] = "PAUSE"] = 3;
                    values[valuesById[4] = "ERROR"] = 4;
                    return values;
                })();

                return Recovery;
            })();

            v1.ByteChannel = (function() {

                /**
                 * Properties of a ByteChannel.
                 * @memberof ch.start.v1
                 * @interface IByteChannel
                 * @property {number|null} [input] ByteChannel input
                 * @property {number|null} [output] ByteChannel output
                 * @property {number|null} [listener] ByteChannel listener
                 * @property {boolean|null} [neverStall] ByteChannel neverStall
                 */

                /**
                 * Constructs a new ByteChannel.
                 * @memberof ch.start.v1
                 * @classdesc Represents a ByteChannel.
                 * @implements IByteChannel
                 * @constructor
                 * @param {ch.start.v1.IByteChannel=} [properties] Properties to set
                 */
                function ByteChannel(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * ByteChannel input.
                 * @member {number} input
                 * @memberof ch.start.v1.ByteChannel
                 * @instance
                 */
                ByteChannel.prototype.input = 0;

                /**
                 * ByteChannel output.
                 * @member {number} output
                 * @memberof ch.start.v1.ByteChannel
                 * @instance
                 */
                ByteChannel.prototype.output = 0;

                /**
                 * ByteChannel listener.
                 * @member {number} listener
                 * @memberof ch.start.v1.ByteChannel
                 * @instance
                 */
                ByteChannel.prototype.listener = 0;

                /**
                 * ByteChannel neverStall.
                 * @member {boolean} neverStall
                 * @memberof ch.start.v1.ByteChannel
                 * @instance
                 */
                ByteChannel.prototype.neverStall = false;

                /**
                 * Creates a new ByteChannel instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.ByteChannel
                 * @static
                 * @param {ch.start.v1.IByteChannel=} [properties] Properties to set
                 * @returns {ch.start.v1.ByteChannel} ByteChannel instance
                 */
                ByteChannel.create = function create(properties) {
                    return new ByteChannel(properties);
                };

                /**
                 * Encodes the specified ByteChannel message. Does not implicitly {@link ch.start.v1.ByteChannel.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.ByteChannel
                 * @static
                 * @param {ch.start.v1.IByteChannel} message ByteChannel message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                ByteChannel.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.input != null && Object.hasOwnProperty.call(message, "input"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.input);
                    if (message.output != null && Object.hasOwnProperty.call(message, "output"))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.output);
                    if (message.listener != null && Object.hasOwnProperty.call(message, "listener"))
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.listener);
                    if (message.neverStall != null && Object.hasOwnProperty.call(message, "neverStall"))
                        writer.uint32(/* id 4, wireType 0 =*/32).bool(message.neverStall);
                    return writer;
                };

                /**
                 * Decodes a ByteChannel message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.ByteChannel
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.ByteChannel} ByteChannel
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                ByteChannel.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.ByteChannel();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.input = reader.uint32();
                                break;
                            }
                        case 2: {
                                message.output = reader.uint32();
                                break;
                            }
                        case 3: {
                                message.listener = reader.uint32();
                                break;
                            }
                        case 4: {
                                message.neverStall = reader.bool();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return ByteChannel;
            })();

            v1.Serial = (function() {

                /**
                 * Properties of a Serial.
                 * @memberof ch.start.v1
                 * @interface ISerial
                 * @property {ch.start.v1.IByteChannel|null} [channel] Serial channel
                 */

                /**
                 * Constructs a new Serial.
                 * @memberof ch.start.v1
                 * @classdesc Represents a Serial.
                 * @implements ISerial
                 * @constructor
                 * @param {ch.start.v1.ISerial=} [properties] Properties to set
                 */
                function Serial(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Serial channel.
                 * @member {ch.start.v1.IByteChannel|null|undefined} channel
                 * @memberof ch.start.v1.Serial
                 * @instance
                 */
                Serial.prototype.channel = null;

                /**
                 * Creates a new Serial instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Serial
                 * @static
                 * @param {ch.start.v1.ISerial=} [properties] Properties to set
                 * @returns {ch.start.v1.Serial} Serial instance
                 */
                Serial.create = function create(properties) {
                    return new Serial(properties);
                };

                /**
                 * Encodes the specified Serial message. Does not implicitly {@link ch.start.v1.Serial.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Serial
                 * @static
                 * @param {ch.start.v1.ISerial} message Serial message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Serial.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.channel != null && Object.hasOwnProperty.call(message, "channel"))
                        $root.ch.start.v1.ByteChannel.encode(message.channel, writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                    return writer;
                };

                /**
                 * Decodes a Serial message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Serial
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Serial} Serial
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Serial.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Serial();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.channel = $root.ch.start.v1.ByteChannel.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return Serial;
            })();

            v1.Console = (function() {

                /**
                 * Properties of a Console.
                 * @memberof ch.start.v1
                 * @interface IConsole
                 * @property {ch.start.v1.IByteChannel|null} [channel] Console channel
                 * @property {number|null} [columns] Console columns
                 * @property {number|null} [rows] Console rows
                 */

                /**
                 * Constructs a new Console.
                 * @memberof ch.start.v1
                 * @classdesc Represents a Console.
                 * @implements IConsole
                 * @constructor
                 * @param {ch.start.v1.IConsole=} [properties] Properties to set
                 */
                function Console(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Console channel.
                 * @member {ch.start.v1.IByteChannel|null|undefined} channel
                 * @memberof ch.start.v1.Console
                 * @instance
                 */
                Console.prototype.channel = null;

                /**
                 * Console columns.
                 * @member {number} columns
                 * @memberof ch.start.v1.Console
                 * @instance
                 */
                Console.prototype.columns = 0;

                /**
                 * Console rows.
                 * @member {number} rows
                 * @memberof ch.start.v1.Console
                 * @instance
                 */
                Console.prototype.rows = 0;

                /**
                 * Creates a new Console instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Console
                 * @static
                 * @param {ch.start.v1.IConsole=} [properties] Properties to set
                 * @returns {ch.start.v1.Console} Console instance
                 */
                Console.create = function create(properties) {
                    return new Console(properties);
                };

                /**
                 * Encodes the specified Console message. Does not implicitly {@link ch.start.v1.Console.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Console
                 * @static
                 * @param {ch.start.v1.IConsole} message Console message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Console.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.channel != null && Object.hasOwnProperty.call(message, "channel"))
                        $root.ch.start.v1.ByteChannel.encode(message.channel, writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                    if (message.columns != null && Object.hasOwnProperty.call(message, "columns"))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.columns);
                    if (message.rows != null && Object.hasOwnProperty.call(message, "rows"))
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.rows);
                    return writer;
                };

                /**
                 * Decodes a Console message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Console
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Console} Console
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Console.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Console();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.channel = $root.ch.start.v1.ByteChannel.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 2: {
                                message.columns = reader.uint32();
                                break;
                            }
                        case 3: {
                                message.rows = reader.uint32();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return Console;
            })();

            v1.Rng = (function() {

                /**
                 * Properties of a Rng.
                 * @memberof ch.start.v1
                 * @interface IRng
                 * @property {number|null} [source] Rng source
                 */

                /**
                 * Constructs a new Rng.
                 * @memberof ch.start.v1
                 * @classdesc Represents a Rng.
                 * @implements IRng
                 * @constructor
                 * @param {ch.start.v1.IRng=} [properties] Properties to set
                 */
                function Rng(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Rng source.
                 * @member {number} source
                 * @memberof ch.start.v1.Rng
                 * @instance
                 */
                Rng.prototype.source = 0;

                /**
                 * Creates a new Rng instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Rng
                 * @static
                 * @param {ch.start.v1.IRng=} [properties] Properties to set
                 * @returns {ch.start.v1.Rng} Rng instance
                 */
                Rng.create = function create(properties) {
                    return new Rng(properties);
                };

                /**
                 * Encodes the specified Rng message. Does not implicitly {@link ch.start.v1.Rng.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Rng
                 * @static
                 * @param {ch.start.v1.IRng} message Rng message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Rng.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.source != null && Object.hasOwnProperty.call(message, "source"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.source);
                    return writer;
                };

                /**
                 * Decodes a Rng message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Rng
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Rng} Rng
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Rng.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Rng();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.source = reader.uint32();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return Rng;
            })();

            v1.Run = (function() {

                /**
                 * Properties of a Run.
                 * @memberof ch.start.v1
                 * @interface IRun
                 * @property {boolean|null} [paused] Run paused
                 */

                /**
                 * Constructs a new Run.
                 * @memberof ch.start.v1
                 * @classdesc Represents a Run.
                 * @implements IRun
                 * @constructor
                 * @param {ch.start.v1.IRun=} [properties] Properties to set
                 */
                function Run(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Run paused.
                 * @member {boolean} paused
                 * @memberof ch.start.v1.Run
                 * @instance
                 */
                Run.prototype.paused = false;

                /**
                 * Creates a new Run instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Run
                 * @static
                 * @param {ch.start.v1.IRun=} [properties] Properties to set
                 * @returns {ch.start.v1.Run} Run instance
                 */
                Run.create = function create(properties) {
                    return new Run(properties);
                };

                /**
                 * Encodes the specified Run message. Does not implicitly {@link ch.start.v1.Run.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Run
                 * @static
                 * @param {ch.start.v1.IRun} message Run message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Run.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.paused != null && Object.hasOwnProperty.call(message, "paused"))
                        writer.uint32(/* id 1, wireType 0 =*/8).bool(message.paused);
                    return writer;
                };

                /**
                 * Decodes a Run message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Run
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Run} Run
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Run.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Run();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.paused = reader.bool();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return Run;
            })();

            v1.PowerButton = (function() {

                /**
                 * Properties of a PowerButton.
                 * @memberof ch.start.v1
                 * @interface IPowerButton
                 */

                /**
                 * Constructs a new PowerButton.
                 * @memberof ch.start.v1
                 * @classdesc Represents a PowerButton.
                 * @implements IPowerButton
                 * @constructor
                 * @param {ch.start.v1.IPowerButton=} [properties] Properties to set
                 */
                function PowerButton(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Creates a new PowerButton instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.PowerButton
                 * @static
                 * @param {ch.start.v1.IPowerButton=} [properties] Properties to set
                 * @returns {ch.start.v1.PowerButton} PowerButton instance
                 */
                PowerButton.create = function create(properties) {
                    return new PowerButton(properties);
                };

                /**
                 * Encodes the specified PowerButton message. Does not implicitly {@link ch.start.v1.PowerButton.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.PowerButton
                 * @static
                 * @param {ch.start.v1.IPowerButton} message PowerButton message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                PowerButton.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    return writer;
                };

                /**
                 * Decodes a PowerButton message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.PowerButton
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.PowerButton} PowerButton
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                PowerButton.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.PowerButton();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return PowerButton;
            })();

            v1.Stop = (function() {

                /**
                 * Properties of a Stop.
                 * @memberof ch.start.v1
                 * @interface IStop
                 */

                /**
                 * Constructs a new Stop.
                 * @memberof ch.start.v1
                 * @classdesc Represents a Stop.
                 * @implements IStop
                 * @constructor
                 * @param {ch.start.v1.IStop=} [properties] Properties to set
                 */
                function Stop(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Creates a new Stop instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Stop
                 * @static
                 * @param {ch.start.v1.IStop=} [properties] Properties to set
                 * @returns {ch.start.v1.Stop} Stop instance
                 */
                Stop.create = function create(properties) {
                    return new Stop(properties);
                };

                /**
                 * Encodes the specified Stop message. Does not implicitly {@link ch.start.v1.Stop.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Stop
                 * @static
                 * @param {ch.start.v1.IStop} message Stop message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Stop.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    return writer;
                };

                /**
                 * Decodes a Stop message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Stop
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Stop} Stop
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Stop.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Stop();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return Stop;
            })();

            v1.Pause = (function() {

                /**
                 * Properties of a Pause.
                 * @memberof ch.start.v1
                 * @interface IPause
                 */

                /**
                 * Constructs a new Pause.
                 * @memberof ch.start.v1
                 * @classdesc Represents a Pause.
                 * @implements IPause
                 * @constructor
                 * @param {ch.start.v1.IPause=} [properties] Properties to set
                 */
                function Pause(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Creates a new Pause instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Pause
                 * @static
                 * @param {ch.start.v1.IPause=} [properties] Properties to set
                 * @returns {ch.start.v1.Pause} Pause instance
                 */
                Pause.create = function create(properties) {
                    return new Pause(properties);
                };

                /**
                 * Encodes the specified Pause message. Does not implicitly {@link ch.start.v1.Pause.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Pause
                 * @static
                 * @param {ch.start.v1.IPause} message Pause message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Pause.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    return writer;
                };

                /**
                 * Decodes a Pause message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Pause
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Pause} Pause
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Pause.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Pause();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return Pause;
            })();

            v1.Resume = (function() {

                /**
                 * Properties of a Resume.
                 * @memberof ch.start.v1
                 * @interface IResume
                 */

                /**
                 * Constructs a new Resume.
                 * @memberof ch.start.v1
                 * @classdesc Represents a Resume.
                 * @implements IResume
                 * @constructor
                 * @param {ch.start.v1.IResume=} [properties] Properties to set
                 */
                function Resume(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Creates a new Resume instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Resume
                 * @static
                 * @param {ch.start.v1.IResume=} [properties] Properties to set
                 * @returns {ch.start.v1.Resume} Resume instance
                 */
                Resume.create = function create(properties) {
                    return new Resume(properties);
                };

                /**
                 * Encodes the specified Resume message. Does not implicitly {@link ch.start.v1.Resume.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Resume
                 * @static
                 * @param {ch.start.v1.IResume} message Resume message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Resume.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    return writer;
                };

                /**
                 * Decodes a Resume message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Resume
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Resume} Resume
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Resume.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Resume();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return Resume;
            })();

            v1.Save = (function() {

                /**
                 * Properties of a Save.
                 * @memberof ch.start.v1
                 * @interface ISave
                 * @property {number|null} [state] Save state
                 * @property {number|null} [memory] Save memory
                 */

                /**
                 * Constructs a new Save.
                 * @memberof ch.start.v1
                 * @classdesc Represents a Save.
                 * @implements ISave
                 * @constructor
                 * @param {ch.start.v1.ISave=} [properties] Properties to set
                 */
                function Save(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Save state.
                 * @member {number} state
                 * @memberof ch.start.v1.Save
                 * @instance
                 */
                Save.prototype.state = 0;

                /**
                 * Save memory.
                 * @member {number} memory
                 * @memberof ch.start.v1.Save
                 * @instance
                 */
                Save.prototype.memory = 0;

                /**
                 * Creates a new Save instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Save
                 * @static
                 * @param {ch.start.v1.ISave=} [properties] Properties to set
                 * @returns {ch.start.v1.Save} Save instance
                 */
                Save.create = function create(properties) {
                    return new Save(properties);
                };

                /**
                 * Encodes the specified Save message. Does not implicitly {@link ch.start.v1.Save.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Save
                 * @static
                 * @param {ch.start.v1.ISave} message Save message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Save.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.state != null && Object.hasOwnProperty.call(message, "state"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.state);
                    if (message.memory != null && Object.hasOwnProperty.call(message, "memory"))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.memory);
                    return writer;
                };

                /**
                 * Decodes a Save message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Save
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Save} Save
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Save.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Save();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.state = reader.uint32();
                                break;
                            }
                        case 2: {
                                message.memory = reader.uint32();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return Save;
            })();

            v1.FromCore = (function() {

                /**
                 * Properties of a FromCore.
                 * @memberof ch.start.v1
                 * @interface IFromCore
                 * @property {ch.start.v1.IStarted|null} [started] FromCore started
                 * @property {ch.start.v1.IEvent|null} [event] FromCore event
                 * @property {ch.start.v1.IEnded|null} [ended] FromCore ended
                 * @property {ch.start.v1.IFailed|null} [failed] FromCore failed
                 * @property {ch.start.v1.IDone|null} [done] FromCore done
                 * @property {ch.start.v1.ILog|null} [log] FromCore log
                 */

                /**
                 * Constructs a new FromCore.
                 * @memberof ch.start.v1
                 * @classdesc Represents a FromCore.
                 * @implements IFromCore
                 * @constructor
                 * @param {ch.start.v1.IFromCore=} [properties] Properties to set
                 */
                function FromCore(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * FromCore started.
                 * @member {ch.start.v1.IStarted|null|undefined} started
                 * @memberof ch.start.v1.FromCore
                 * @instance
                 */
                FromCore.prototype.started = null;

                /**
                 * FromCore event.
                 * @member {ch.start.v1.IEvent|null|undefined} event
                 * @memberof ch.start.v1.FromCore
                 * @instance
                 */
                FromCore.prototype.event = null;

                /**
                 * FromCore ended.
                 * @member {ch.start.v1.IEnded|null|undefined} ended
                 * @memberof ch.start.v1.FromCore
                 * @instance
                 */
                FromCore.prototype.ended = null;

                /**
                 * FromCore failed.
                 * @member {ch.start.v1.IFailed|null|undefined} failed
                 * @memberof ch.start.v1.FromCore
                 * @instance
                 */
                FromCore.prototype.failed = null;

                /**
                 * FromCore done.
                 * @member {ch.start.v1.IDone|null|undefined} done
                 * @memberof ch.start.v1.FromCore
                 * @instance
                 */
                FromCore.prototype.done = null;

                /**
                 * FromCore log.
                 * @member {ch.start.v1.ILog|null|undefined} log
                 * @memberof ch.start.v1.FromCore
                 * @instance
                 */
                FromCore.prototype.log = null;

                // OneOf field names bound to virtual getters and setters
                let $oneOfFields;

                /**
                 * FromCore message.
                 * @member {"started"|"event"|"ended"|"failed"|"done"|"log"|undefined} message
                 * @memberof ch.start.v1.FromCore
                 * @instance
                 */
                Object.defineProperty(FromCore.prototype, "message", {
                    get: $util.oneOfGetter($oneOfFields = ["started", "event", "ended", "failed", "done", "log"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                /**
                 * Creates a new FromCore instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.FromCore
                 * @static
                 * @param {ch.start.v1.IFromCore=} [properties] Properties to set
                 * @returns {ch.start.v1.FromCore} FromCore instance
                 */
                FromCore.create = function create(properties) {
                    return new FromCore(properties);
                };

                /**
                 * Encodes the specified FromCore message. Does not implicitly {@link ch.start.v1.FromCore.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.FromCore
                 * @static
                 * @param {ch.start.v1.IFromCore} message FromCore message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                FromCore.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.started != null && Object.hasOwnProperty.call(message, "started"))
                        $root.ch.start.v1.Started.encode(message.started, writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                    if (message.event != null && Object.hasOwnProperty.call(message, "event"))
                        $root.ch.start.v1.Event.encode(message.event, writer.uint32(/* id 2, wireType 2 =*/18).fork(), q + 1).ldelim();
                    if (message.ended != null && Object.hasOwnProperty.call(message, "ended"))
                        $root.ch.start.v1.Ended.encode(message.ended, writer.uint32(/* id 3, wireType 2 =*/26).fork(), q + 1).ldelim();
                    if (message.failed != null && Object.hasOwnProperty.call(message, "failed"))
                        $root.ch.start.v1.Failed.encode(message.failed, writer.uint32(/* id 4, wireType 2 =*/34).fork(), q + 1).ldelim();
                    if (message.done != null && Object.hasOwnProperty.call(message, "done"))
                        $root.ch.start.v1.Done.encode(message.done, writer.uint32(/* id 5, wireType 2 =*/42).fork(), q + 1).ldelim();
                    if (message.log != null && Object.hasOwnProperty.call(message, "log"))
                        $root.ch.start.v1.Log.encode(message.log, writer.uint32(/* id 6, wireType 2 =*/50).fork(), q + 1).ldelim();
                    return writer;
                };

                /**
                 * Decodes a FromCore message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.FromCore
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.FromCore} FromCore
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                FromCore.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.FromCore();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.started = $root.ch.start.v1.Started.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 2: {
                                message.event = $root.ch.start.v1.Event.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 3: {
                                message.ended = $root.ch.start.v1.Ended.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 4: {
                                message.failed = $root.ch.start.v1.Failed.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 5: {
                                message.done = $root.ch.start.v1.Done.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 6: {
                                message.log = $root.ch.start.v1.Log.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return FromCore;
            })();

            v1.Started = (function() {

                /**
                 * Properties of a Started.
                 * @memberof ch.start.v1
                 * @interface IStarted
                 * @property {Array.<ch.start.v1.IPhase>|null} [phases] Started phases
                 */

                /**
                 * Constructs a new Started.
                 * @memberof ch.start.v1
                 * @classdesc Represents a Started.
                 * @implements IStarted
                 * @constructor
                 * @param {ch.start.v1.IStarted=} [properties] Properties to set
                 */
                function Started(properties) {
                    this.phases = [];
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Started phases.
                 * @member {Array.<ch.start.v1.IPhase>} phases
                 * @memberof ch.start.v1.Started
                 * @instance
                 */
                Started.prototype.phases = $util.emptyArray;

                /**
                 * Creates a new Started instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Started
                 * @static
                 * @param {ch.start.v1.IStarted=} [properties] Properties to set
                 * @returns {ch.start.v1.Started} Started instance
                 */
                Started.create = function create(properties) {
                    return new Started(properties);
                };

                /**
                 * Encodes the specified Started message. Does not implicitly {@link ch.start.v1.Started.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Started
                 * @static
                 * @param {ch.start.v1.IStarted} message Started message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Started.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.phases != null && message.phases.length)
                        for (let i = 0; i < message.phases.length; ++i)
                            $root.ch.start.v1.Phase.encode(message.phases[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                    return writer;
                };

                /**
                 * Decodes a Started message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Started
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Started} Started
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Started.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Started();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                if (!(message.phases && message.phases.length))
                                    message.phases = [];
                                message.phases.push($root.ch.start.v1.Phase.decode(reader, reader.uint32(), undefined, long + 1));
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return Started;
            })();

            v1.Phase = (function() {

                /**
                 * Properties of a Phase.
                 * @memberof ch.start.v1
                 * @interface IPhase
                 * @property {string|null} [name] Phase name
                 * @property {number|null} [atUs] Phase atUs
                 */

                /**
                 * Constructs a new Phase.
                 * @memberof ch.start.v1
                 * @classdesc Represents a Phase.
                 * @implements IPhase
                 * @constructor
                 * @param {ch.start.v1.IPhase=} [properties] Properties to set
                 */
                function Phase(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Phase name.
                 * @member {string} name
                 * @memberof ch.start.v1.Phase
                 * @instance
                 */
                Phase.prototype.name = "";

                /**
                 * Phase atUs.
                 * @member {number} atUs
                 * @memberof ch.start.v1.Phase
                 * @instance
                 */
                Phase.prototype.atUs = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Creates a new Phase instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Phase
                 * @static
                 * @param {ch.start.v1.IPhase=} [properties] Properties to set
                 * @returns {ch.start.v1.Phase} Phase instance
                 */
                Phase.create = function create(properties) {
                    return new Phase(properties);
                };

                /**
                 * Encodes the specified Phase message. Does not implicitly {@link ch.start.v1.Phase.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Phase
                 * @static
                 * @param {ch.start.v1.IPhase} message Phase message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Phase.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.name != null && Object.hasOwnProperty.call(message, "name"))
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                    if (message.atUs != null && Object.hasOwnProperty.call(message, "atUs"))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.atUs);
                    return writer;
                };

                /**
                 * Decodes a Phase message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Phase
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Phase} Phase
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Phase.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Phase();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.name = reader.string();
                                break;
                            }
                        case 2: {
                                message.atUs = reader.uint64();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return Phase;
            })();

            v1.Event = (function() {

                /**
                 * Properties of an Event.
                 * @memberof ch.start.v1
                 * @interface IEvent
                 * @property {ch.start.v1.Event.Kind|null} [kind] Event kind
                 * @property {string|null} [deviceId] Event deviceId
                 * @property {string|null} [detail] Event detail
                 */

                /**
                 * Constructs a new Event.
                 * @memberof ch.start.v1
                 * @classdesc Represents an Event.
                 * @implements IEvent
                 * @constructor
                 * @param {ch.start.v1.IEvent=} [properties] Properties to set
                 */
                function Event(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Event kind.
                 * @member {ch.start.v1.Event.Kind} kind
                 * @memberof ch.start.v1.Event
                 * @instance
                 */
                Event.prototype.kind = 0;

                /**
                 * Event deviceId.
                 * @member {string} deviceId
                 * @memberof ch.start.v1.Event
                 * @instance
                 */
                Event.prototype.deviceId = "";

                /**
                 * Event detail.
                 * @member {string} detail
                 * @memberof ch.start.v1.Event
                 * @instance
                 */
                Event.prototype.detail = "";

                /**
                 * Creates a new Event instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Event
                 * @static
                 * @param {ch.start.v1.IEvent=} [properties] Properties to set
                 * @returns {ch.start.v1.Event} Event instance
                 */
                Event.create = function create(properties) {
                    return new Event(properties);
                };

                /**
                 * Encodes the specified Event message. Does not implicitly {@link ch.start.v1.Event.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Event
                 * @static
                 * @param {ch.start.v1.IEvent} message Event message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Event.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.kind != null && Object.hasOwnProperty.call(message, "kind"))
                        writer.uint32(/* id 1, wireType 0 =*/8).int32(message.kind);
                    if (message.deviceId != null && Object.hasOwnProperty.call(message, "deviceId"))
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.deviceId);
                    if (message.detail != null && Object.hasOwnProperty.call(message, "detail"))
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.detail);
                    return writer;
                };

                /**
                 * Decodes an Event message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Event
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Event} Event
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Event.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Event();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.kind = reader.int32();
                                break;
                            }
                        case 2: {
                                message.deviceId = reader.string();
                                break;
                            }
                        case 3: {
                                message.detail = reader.string();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                /**
                 * Kind enum.
                 * @name ch.start.v1.Event.Kind
                 * @enum {number}
                 * @property {number} KIND_UNSPECIFIED=0 KIND_UNSPECIFIED value
                 * @property {number} RESET=1 RESET value
                 * @property {number} DEVICE_LOST=2 DEVICE_LOST value
                 * @property {number} DEVICE_NEEDS_RESET=3 DEVICE_NEEDS_RESET value
                 * @property {number} DEVICE_RECONNECTING=4 DEVICE_RECONNECTING value
                 * @property {number} DEVICE_BACK=5 DEVICE_BACK value
                 * @property {number} DEVICE_OVERDUE=6 DEVICE_OVERDUE value
                 */
                Event.Kind = (function() {
                    const valuesById = {}, values = Object.create(valuesById);
                    values[valuesById[0] = "KIND_UNSPECIFIED"] = 0;
                    values[valuesById[1] = "RESET"] = 1;
                    values[valuesById[2] = "DEVICE_LOST"] = 2;
                    values[valuesById[3] = "DEVICE_NEEDS_RESET"] = 3;
                    values[valuesById[4] = "DEVICE_RECONNECTING"] = 4;
                    values[valuesById[5] = "DEVICE_BACK"] = 5;
                    values[valuesById[6] = "DEVICE_OVERDUE"] = 6;
                    return values;
                })();

                return Event;
            })();

            v1.Ended = (function() {

                /**
                 * Properties of an Ended.
                 * @memberof ch.start.v1
                 * @interface IEnded
                 * @property {ch.start.v1.Ended.Reason|null} [reason] Ended reason
                 * @property {string|null} [message] Ended message
                 */

                /**
                 * Constructs a new Ended.
                 * @memberof ch.start.v1
                 * @classdesc Represents an Ended.
                 * @implements IEnded
                 * @constructor
                 * @param {ch.start.v1.IEnded=} [properties] Properties to set
                 */
                function Ended(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Ended reason.
                 * @member {ch.start.v1.Ended.Reason} reason
                 * @memberof ch.start.v1.Ended
                 * @instance
                 */
                Ended.prototype.reason = 0;

                /**
                 * Ended message.
                 * @member {string} message
                 * @memberof ch.start.v1.Ended
                 * @instance
                 */
                Ended.prototype.message = "";

                /**
                 * Creates a new Ended instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Ended
                 * @static
                 * @param {ch.start.v1.IEnded=} [properties] Properties to set
                 * @returns {ch.start.v1.Ended} Ended instance
                 */
                Ended.create = function create(properties) {
                    return new Ended(properties);
                };

                /**
                 * Encodes the specified Ended message. Does not implicitly {@link ch.start.v1.Ended.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Ended
                 * @static
                 * @param {ch.start.v1.IEnded} message Ended message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Ended.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.reason != null && Object.hasOwnProperty.call(message, "reason"))
                        writer.uint32(/* id 1, wireType 0 =*/8).int32(message.reason);
                    if (message.message != null && Object.hasOwnProperty.call(message, "message"))
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.message);
                    return writer;
                };

                /**
                 * Decodes an Ended message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Ended
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Ended} Ended
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Ended.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Ended();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.reason = reader.int32();
                                break;
                            }
                        case 2: {
                                message.message = reader.string();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                /**
                 * Reason enum.
                 * @name ch.start.v1.Ended.Reason
                 * @enum {number}
                 * @property {number} REASON_UNSPECIFIED=0 REASON_UNSPECIFIED value
                 * @property {number} POWERED_OFF=1 POWERED_OFF value
                 * @property {number} STOPPED=2 STOPPED value
                 * @property {number} GUEST_FAULT=3 GUEST_FAULT value
                 * @property {number} DEVICE_LOST=4 DEVICE_LOST value
                 */
                Ended.Reason = (function() {
                    const valuesById = {}, values = Object.create(valuesById);
                    values[valuesById[0] = "REASON_UNSPECIFIED"] = 0;
                    values[valuesById[1] = "POWERED_OFF"] = 1;
                    values[valuesById[2] = "STOPPED"] = 2;
                    values[valuesById[3] = "GUEST_FAULT"] = 3;
                    values[valuesById[4] = "DEVICE_LOST"] = 4;
                    return values;
                })();

                return Ended;
            })();

            v1.Failed = (function() {

                /**
                 * Properties of a Failed.
                 * @memberof ch.start.v1
                 * @interface IFailed
                 * @property {string|null} [message] Failed message
                 * @property {boolean|null} [imageLocked] Failed imageLocked
                 * @property {ch.start.v1.ILockedFile|null} [lockedFile] Failed lockedFile
                 */

                /**
                 * Constructs a new Failed.
                 * @memberof ch.start.v1
                 * @classdesc Represents a Failed.
                 * @implements IFailed
                 * @constructor
                 * @param {ch.start.v1.IFailed=} [properties] Properties to set
                 */
                function Failed(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Failed message.
                 * @member {string} message
                 * @memberof ch.start.v1.Failed
                 * @instance
                 */
                Failed.prototype.message = "";

                /**
                 * Failed imageLocked.
                 * @member {boolean} imageLocked
                 * @memberof ch.start.v1.Failed
                 * @instance
                 */
                Failed.prototype.imageLocked = false;

                /**
                 * Failed lockedFile.
                 * @member {ch.start.v1.ILockedFile|null|undefined} lockedFile
                 * @memberof ch.start.v1.Failed
                 * @instance
                 */
                Failed.prototype.lockedFile = null;

                /**
                 * Creates a new Failed instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Failed
                 * @static
                 * @param {ch.start.v1.IFailed=} [properties] Properties to set
                 * @returns {ch.start.v1.Failed} Failed instance
                 */
                Failed.create = function create(properties) {
                    return new Failed(properties);
                };

                /**
                 * Encodes the specified Failed message. Does not implicitly {@link ch.start.v1.Failed.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Failed
                 * @static
                 * @param {ch.start.v1.IFailed} message Failed message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Failed.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.message != null && Object.hasOwnProperty.call(message, "message"))
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.message);
                    if (message.imageLocked != null && Object.hasOwnProperty.call(message, "imageLocked"))
                        writer.uint32(/* id 2, wireType 0 =*/16).bool(message.imageLocked);
                    if (message.lockedFile != null && Object.hasOwnProperty.call(message, "lockedFile"))
                        $root.ch.start.v1.LockedFile.encode(message.lockedFile, writer.uint32(/* id 3, wireType 2 =*/26).fork(), q + 1).ldelim();
                    return writer;
                };

                /**
                 * Decodes a Failed message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Failed
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Failed} Failed
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Failed.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Failed();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.message = reader.string();
                                break;
                            }
                        case 2: {
                                message.imageLocked = reader.bool();
                                break;
                            }
                        case 3: {
                                message.lockedFile = $root.ch.start.v1.LockedFile.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return Failed;
            })();

            v1.LockedFile = (function() {

                /**
                 * Properties of a LockedFile.
                 * @memberof ch.start.v1
                 * @interface ILockedFile
                 * @property {string|null} [path] LockedFile path
                 * @property {string|null} [what] LockedFile what
                 */

                /**
                 * Constructs a new LockedFile.
                 * @memberof ch.start.v1
                 * @classdesc Represents a LockedFile.
                 * @implements ILockedFile
                 * @constructor
                 * @param {ch.start.v1.ILockedFile=} [properties] Properties to set
                 */
                function LockedFile(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * LockedFile path.
                 * @member {string} path
                 * @memberof ch.start.v1.LockedFile
                 * @instance
                 */
                LockedFile.prototype.path = "";

                /**
                 * LockedFile what.
                 * @member {string} what
                 * @memberof ch.start.v1.LockedFile
                 * @instance
                 */
                LockedFile.prototype.what = "";

                /**
                 * Creates a new LockedFile instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.LockedFile
                 * @static
                 * @param {ch.start.v1.ILockedFile=} [properties] Properties to set
                 * @returns {ch.start.v1.LockedFile} LockedFile instance
                 */
                LockedFile.create = function create(properties) {
                    return new LockedFile(properties);
                };

                /**
                 * Encodes the specified LockedFile message. Does not implicitly {@link ch.start.v1.LockedFile.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.LockedFile
                 * @static
                 * @param {ch.start.v1.ILockedFile} message LockedFile message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                LockedFile.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.path != null && Object.hasOwnProperty.call(message, "path"))
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.path);
                    if (message.what != null && Object.hasOwnProperty.call(message, "what"))
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.what);
                    return writer;
                };

                /**
                 * Decodes a LockedFile message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.LockedFile
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.LockedFile} LockedFile
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                LockedFile.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.LockedFile();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.path = reader.string();
                                break;
                            }
                        case 2: {
                                message.what = reader.string();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return LockedFile;
            })();

            v1.Done = (function() {

                /**
                 * Properties of a Done.
                 * @memberof ch.start.v1
                 * @interface IDone
                 */

                /**
                 * Constructs a new Done.
                 * @memberof ch.start.v1
                 * @classdesc Represents a Done.
                 * @implements IDone
                 * @constructor
                 * @param {ch.start.v1.IDone=} [properties] Properties to set
                 */
                function Done(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Creates a new Done instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Done
                 * @static
                 * @param {ch.start.v1.IDone=} [properties] Properties to set
                 * @returns {ch.start.v1.Done} Done instance
                 */
                Done.create = function create(properties) {
                    return new Done(properties);
                };

                /**
                 * Encodes the specified Done message. Does not implicitly {@link ch.start.v1.Done.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Done
                 * @static
                 * @param {ch.start.v1.IDone} message Done message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Done.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    return writer;
                };

                /**
                 * Decodes a Done message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Done
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Done} Done
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Done.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Done();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return Done;
            })();

            v1.Log = (function() {

                /**
                 * Properties of a Log.
                 * @memberof ch.start.v1
                 * @interface ILog
                 * @property {number|null} [level] Log level
                 * @property {string|null} [message] Log message
                 */

                /**
                 * Constructs a new Log.
                 * @memberof ch.start.v1
                 * @classdesc Represents a Log.
                 * @implements ILog
                 * @constructor
                 * @param {ch.start.v1.ILog=} [properties] Properties to set
                 */
                function Log(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Log level.
                 * @member {number} level
                 * @memberof ch.start.v1.Log
                 * @instance
                 */
                Log.prototype.level = 0;

                /**
                 * Log message.
                 * @member {string} message
                 * @memberof ch.start.v1.Log
                 * @instance
                 */
                Log.prototype.message = "";

                /**
                 * Creates a new Log instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Log
                 * @static
                 * @param {ch.start.v1.ILog=} [properties] Properties to set
                 * @returns {ch.start.v1.Log} Log instance
                 */
                Log.create = function create(properties) {
                    return new Log(properties);
                };

                /**
                 * Encodes the specified Log message. Does not implicitly {@link ch.start.v1.Log.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Log
                 * @static
                 * @param {ch.start.v1.ILog} message Log message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Log.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.level != null && Object.hasOwnProperty.call(message, "level"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.level);
                    if (message.message != null && Object.hasOwnProperty.call(message, "message"))
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.message);
                    return writer;
                };

                /**
                 * Decodes a Log message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Log
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Log} Log
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Log.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Log();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.level = reader.uint32();
                                break;
                            }
                        case 2: {
                                message.message = reader.string();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return Log;
            })();

            v1.ToDevice = (function() {

                /**
                 * Properties of a ToDevice.
                 * @memberof ch.start.v1
                 * @interface IToDevice
                 * @property {ch.start.v1.IStartBlock|null} [startBlock] ToDevice startBlock
                 * @property {ch.start.v1.IStop|null} [stop] ToDevice stop
                 * @property {ch.start.v1.IConnect|null} [connect] ToDevice connect
                 * @property {ch.start.v1.IHandOver|null} [handOver] ToDevice handOver
                 * @property {ch.start.v1.IFailed|null} [upgradeFailed] ToDevice upgradeFailed
                 * @property {ch.start.v1.IRateLimits|null} [limits] ToDevice limits
                 */

                /**
                 * Constructs a new ToDevice.
                 * @memberof ch.start.v1
                 * @classdesc Represents a ToDevice.
                 * @implements IToDevice
                 * @constructor
                 * @param {ch.start.v1.IToDevice=} [properties] Properties to set
                 */
                function ToDevice(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * ToDevice startBlock.
                 * @member {ch.start.v1.IStartBlock|null|undefined} startBlock
                 * @memberof ch.start.v1.ToDevice
                 * @instance
                 */
                ToDevice.prototype.startBlock = null;

                /**
                 * ToDevice stop.
                 * @member {ch.start.v1.IStop|null|undefined} stop
                 * @memberof ch.start.v1.ToDevice
                 * @instance
                 */
                ToDevice.prototype.stop = null;

                /**
                 * ToDevice connect.
                 * @member {ch.start.v1.IConnect|null|undefined} connect
                 * @memberof ch.start.v1.ToDevice
                 * @instance
                 */
                ToDevice.prototype.connect = null;

                /**
                 * ToDevice handOver.
                 * @member {ch.start.v1.IHandOver|null|undefined} handOver
                 * @memberof ch.start.v1.ToDevice
                 * @instance
                 */
                ToDevice.prototype.handOver = null;

                /**
                 * ToDevice upgradeFailed.
                 * @member {ch.start.v1.IFailed|null|undefined} upgradeFailed
                 * @memberof ch.start.v1.ToDevice
                 * @instance
                 */
                ToDevice.prototype.upgradeFailed = null;

                /**
                 * ToDevice limits.
                 * @member {ch.start.v1.IRateLimits|null|undefined} limits
                 * @memberof ch.start.v1.ToDevice
                 * @instance
                 */
                ToDevice.prototype.limits = null;

                // OneOf field names bound to virtual getters and setters
                let $oneOfFields;

                /**
                 * ToDevice message.
                 * @member {"startBlock"|"stop"|"connect"|"handOver"|"upgradeFailed"|"limits"|undefined} message
                 * @memberof ch.start.v1.ToDevice
                 * @instance
                 */
                Object.defineProperty(ToDevice.prototype, "message", {
                    get: $util.oneOfGetter($oneOfFields = ["startBlock", "stop", "connect", "handOver", "upgradeFailed", "limits"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                /**
                 * Creates a new ToDevice instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.ToDevice
                 * @static
                 * @param {ch.start.v1.IToDevice=} [properties] Properties to set
                 * @returns {ch.start.v1.ToDevice} ToDevice instance
                 */
                ToDevice.create = function create(properties) {
                    return new ToDevice(properties);
                };

                /**
                 * Encodes the specified ToDevice message. Does not implicitly {@link ch.start.v1.ToDevice.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.ToDevice
                 * @static
                 * @param {ch.start.v1.IToDevice} message ToDevice message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                ToDevice.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.startBlock != null && Object.hasOwnProperty.call(message, "startBlock"))
                        $root.ch.start.v1.StartBlock.encode(message.startBlock, writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                    if (message.stop != null && Object.hasOwnProperty.call(message, "stop"))
                        $root.ch.start.v1.Stop.encode(message.stop, writer.uint32(/* id 2, wireType 2 =*/18).fork(), q + 1).ldelim();
                    if (message.connect != null && Object.hasOwnProperty.call(message, "connect"))
                        $root.ch.start.v1.Connect.encode(message.connect, writer.uint32(/* id 3, wireType 2 =*/26).fork(), q + 1).ldelim();
                    if (message.handOver != null && Object.hasOwnProperty.call(message, "handOver"))
                        $root.ch.start.v1.HandOver.encode(message.handOver, writer.uint32(/* id 4, wireType 2 =*/34).fork(), q + 1).ldelim();
                    if (message.upgradeFailed != null && Object.hasOwnProperty.call(message, "upgradeFailed"))
                        $root.ch.start.v1.Failed.encode(message.upgradeFailed, writer.uint32(/* id 5, wireType 2 =*/42).fork(), q + 1).ldelim();
                    if (message.limits != null && Object.hasOwnProperty.call(message, "limits"))
                        $root.ch.start.v1.RateLimits.encode(message.limits, writer.uint32(/* id 6, wireType 2 =*/50).fork(), q + 1).ldelim();
                    return writer;
                };

                /**
                 * Decodes a ToDevice message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.ToDevice
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.ToDevice} ToDevice
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                ToDevice.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.ToDevice();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.startBlock = $root.ch.start.v1.StartBlock.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 2: {
                                message.stop = $root.ch.start.v1.Stop.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 3: {
                                message.connect = $root.ch.start.v1.Connect.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 4: {
                                message.handOver = $root.ch.start.v1.HandOver.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 5: {
                                message.upgradeFailed = $root.ch.start.v1.Failed.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 6: {
                                message.limits = $root.ch.start.v1.RateLimits.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return ToDevice;
            })();

            v1.StartBlock = (function() {

                /**
                 * Properties of a StartBlock.
                 * @memberof ch.start.v1
                 * @interface IStartBlock
                 * @property {string|null} [id] StartBlock id
                 * @property {string|null} [serial] StartBlock serial
                 * @property {boolean|null} [readOnly] StartBlock readOnly
                 * @property {boolean|null} [direct] StartBlock direct
                 * @property {number|null} [numQueues] StartBlock numQueues
                 * @property {number|null} [queueSize] StartBlock queueSize
                 * @property {string|null} [path] StartBlock path
                 * @property {number|null} [logLevel] StartBlock logLevel
                 * @property {number|null} [image] StartBlock image
                 * @property {number|null} [socket] StartBlock socket
                 * @property {number|null} [lockWaitMs] StartBlock lockWaitMs
                 * @property {ch.start.v1.IRateLimits|null} [limits] StartBlock limits
                 * @property {ch.start.v1.IRateLimitGroup|null} [rateLimitGroup] StartBlock rateLimitGroup
                 * @property {number|null} [fence] StartBlock fence
                 * @property {string|null} [imageType] StartBlock imageType
                 * @property {boolean|null} [backingFiles] StartBlock backingFiles
                 * @property {boolean|null} [sparse] StartBlock sparse
                 * @property {Array.<ch.start.v1.IQueueAffinity>|null} [queueAffinity] StartBlock queueAffinity
                 * @property {string|null} [lockGranularity] StartBlock lockGranularity
                 * @property {ch.start.v1.WriteCache|null} [writeCache] StartBlock writeCache
                 * @property {boolean|null} [drained] StartBlock drained
                 * @property {number|null} [handOver] StartBlock handOver
                 * @property {string|null} [workingFolder] StartBlock workingFolder
                 * @property {number|null} [deviceSize] StartBlock deviceSize
                 */

                /**
                 * Constructs a new StartBlock.
                 * @memberof ch.start.v1
                 * @classdesc Represents a StartBlock.
                 * @implements IStartBlock
                 * @constructor
                 * @param {ch.start.v1.IStartBlock=} [properties] Properties to set
                 */
                function StartBlock(properties) {
                    this.queueAffinity = [];
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * StartBlock id.
                 * @member {string} id
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.id = "";

                /**
                 * StartBlock serial.
                 * @member {string} serial
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.serial = "";

                /**
                 * StartBlock readOnly.
                 * @member {boolean} readOnly
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.readOnly = false;

                /**
                 * StartBlock direct.
                 * @member {boolean} direct
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.direct = false;

                /**
                 * StartBlock numQueues.
                 * @member {number} numQueues
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.numQueues = 0;

                /**
                 * StartBlock queueSize.
                 * @member {number} queueSize
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.queueSize = 0;

                /**
                 * StartBlock path.
                 * @member {string} path
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.path = "";

                /**
                 * StartBlock logLevel.
                 * @member {number} logLevel
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.logLevel = 0;

                /**
                 * StartBlock image.
                 * @member {number} image
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.image = 0;

                /**
                 * StartBlock socket.
                 * @member {number} socket
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.socket = 0;

                /**
                 * StartBlock lockWaitMs.
                 * @member {number} lockWaitMs
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.lockWaitMs = 0;

                /**
                 * StartBlock limits.
                 * @member {ch.start.v1.IRateLimits|null|undefined} limits
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.limits = null;

                /**
                 * StartBlock rateLimitGroup.
                 * @member {ch.start.v1.IRateLimitGroup|null|undefined} rateLimitGroup
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.rateLimitGroup = null;

                /**
                 * StartBlock fence.
                 * @member {number} fence
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.fence = 0;

                /**
                 * StartBlock imageType.
                 * @member {string} imageType
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.imageType = "";

                /**
                 * StartBlock backingFiles.
                 * @member {boolean} backingFiles
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.backingFiles = false;

                /**
                 * StartBlock sparse.
                 * @member {boolean} sparse
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.sparse = false;

                /**
                 * StartBlock queueAffinity.
                 * @member {Array.<ch.start.v1.IQueueAffinity>} queueAffinity
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.queueAffinity = $util.emptyArray;

                /**
                 * StartBlock lockGranularity.
                 * @member {string} lockGranularity
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.lockGranularity = "";

                /**
                 * StartBlock writeCache.
                 * @member {ch.start.v1.WriteCache} writeCache
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.writeCache = 0;

                /**
                 * StartBlock drained.
                 * @member {boolean} drained
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.drained = false;

                /**
                 * StartBlock handOver.
                 * @member {number} handOver
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.handOver = 0;

                /**
                 * StartBlock workingFolder.
                 * @member {string} workingFolder
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.workingFolder = "";

                /**
                 * StartBlock deviceSize.
                 * @member {number} deviceSize
                 * @memberof ch.start.v1.StartBlock
                 * @instance
                 */
                StartBlock.prototype.deviceSize = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Creates a new StartBlock instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.StartBlock
                 * @static
                 * @param {ch.start.v1.IStartBlock=} [properties] Properties to set
                 * @returns {ch.start.v1.StartBlock} StartBlock instance
                 */
                StartBlock.create = function create(properties) {
                    return new StartBlock(properties);
                };

                /**
                 * Encodes the specified StartBlock message. Does not implicitly {@link ch.start.v1.StartBlock.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.StartBlock
                 * @static
                 * @param {ch.start.v1.IStartBlock} message StartBlock message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                StartBlock.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.id != null && Object.hasOwnProperty.call(message, "id"))
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.id);
                    if (message.serial != null && Object.hasOwnProperty.call(message, "serial"))
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.serial);
                    if (message.readOnly != null && Object.hasOwnProperty.call(message, "readOnly"))
                        writer.uint32(/* id 3, wireType 0 =*/24).bool(message.readOnly);
                    if (message.direct != null && Object.hasOwnProperty.call(message, "direct"))
                        writer.uint32(/* id 4, wireType 0 =*/32).bool(message.direct);
                    if (message.numQueues != null && Object.hasOwnProperty.call(message, "numQueues"))
                        writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.numQueues);
                    if (message.queueSize != null && Object.hasOwnProperty.call(message, "queueSize"))
                        writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.queueSize);
                    if (message.path != null && Object.hasOwnProperty.call(message, "path"))
                        writer.uint32(/* id 7, wireType 2 =*/58).string(message.path);
                    if (message.logLevel != null && Object.hasOwnProperty.call(message, "logLevel"))
                        writer.uint32(/* id 8, wireType 0 =*/64).uint32(message.logLevel);
                    if (message.image != null && Object.hasOwnProperty.call(message, "image"))
                        writer.uint32(/* id 9, wireType 0 =*/72).uint32(message.image);
                    if (message.socket != null && Object.hasOwnProperty.call(message, "socket"))
                        writer.uint32(/* id 10, wireType 0 =*/80).uint32(message.socket);
                    if (message.lockWaitMs != null && Object.hasOwnProperty.call(message, "lockWaitMs"))
                        writer.uint32(/* id 11, wireType 0 =*/88).uint32(message.lockWaitMs);
                    if (message.limits != null && Object.hasOwnProperty.call(message, "limits"))
                        $root.ch.start.v1.RateLimits.encode(message.limits, writer.uint32(/* id 12, wireType 2 =*/98).fork(), q + 1).ldelim();
                    if (message.rateLimitGroup != null && Object.hasOwnProperty.call(message, "rateLimitGroup"))
                        $root.ch.start.v1.RateLimitGroup.encode(message.rateLimitGroup, writer.uint32(/* id 13, wireType 2 =*/106).fork(), q + 1).ldelim();
                    if (message.fence != null && Object.hasOwnProperty.call(message, "fence"))
                        writer.uint32(/* id 14, wireType 0 =*/112).uint32(message.fence);
                    if (message.imageType != null && Object.hasOwnProperty.call(message, "imageType"))
                        writer.uint32(/* id 15, wireType 2 =*/122).string(message.imageType);
                    if (message.backingFiles != null && Object.hasOwnProperty.call(message, "backingFiles"))
                        writer.uint32(/* id 16, wireType 0 =*/128).bool(message.backingFiles);
                    if (message.sparse != null && Object.hasOwnProperty.call(message, "sparse"))
                        writer.uint32(/* id 17, wireType 0 =*/136).bool(message.sparse);
                    if (message.queueAffinity != null && message.queueAffinity.length)
                        for (let i = 0; i < message.queueAffinity.length; ++i)
                            $root.ch.start.v1.QueueAffinity.encode(message.queueAffinity[i], writer.uint32(/* id 18, wireType 2 =*/146).fork(), q + 1).ldelim();
                    if (message.lockGranularity != null && Object.hasOwnProperty.call(message, "lockGranularity"))
                        writer.uint32(/* id 19, wireType 2 =*/154).string(message.lockGranularity);
                    if (message.writeCache != null && Object.hasOwnProperty.call(message, "writeCache"))
                        writer.uint32(/* id 20, wireType 0 =*/160).int32(message.writeCache);
                    if (message.drained != null && Object.hasOwnProperty.call(message, "drained"))
                        writer.uint32(/* id 21, wireType 0 =*/168).bool(message.drained);
                    if (message.handOver != null && Object.hasOwnProperty.call(message, "handOver"))
                        writer.uint32(/* id 22, wireType 0 =*/176).uint32(message.handOver);
                    if (message.workingFolder != null && Object.hasOwnProperty.call(message, "workingFolder"))
                        writer.uint32(/* id 23, wireType 2 =*/186).string(message.workingFolder);
                    if (message.deviceSize != null && Object.hasOwnProperty.call(message, "deviceSize"))
                        writer.uint32(/* id 24, wireType 0 =*/192).uint64(message.deviceSize);
                    return writer;
                };

                /**
                 * Decodes a StartBlock message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.StartBlock
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.StartBlock} StartBlock
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                StartBlock.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.StartBlock();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.id = reader.string();
                                break;
                            }
                        case 2: {
                                message.serial = reader.string();
                                break;
                            }
                        case 3: {
                                message.readOnly = reader.bool();
                                break;
                            }
                        case 4: {
                                message.direct = reader.bool();
                                break;
                            }
                        case 5: {
                                message.numQueues = reader.uint32();
                                break;
                            }
                        case 6: {
                                message.queueSize = reader.uint32();
                                break;
                            }
                        case 7: {
                                message.path = reader.string();
                                break;
                            }
                        case 8: {
                                message.logLevel = reader.uint32();
                                break;
                            }
                        case 9: {
                                message.image = reader.uint32();
                                break;
                            }
                        case 10: {
                                message.socket = reader.uint32();
                                break;
                            }
                        case 11: {
                                message.lockWaitMs = reader.uint32();
                                break;
                            }
                        case 12: {
                                message.limits = $root.ch.start.v1.RateLimits.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 13: {
                                message.rateLimitGroup = $root.ch.start.v1.RateLimitGroup.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 14: {
                                message.fence = reader.uint32();
                                break;
                            }
                        case 15: {
                                message.imageType = reader.string();
                                break;
                            }
                        case 16: {
                                message.backingFiles = reader.bool();
                                break;
                            }
                        case 17: {
                                message.sparse = reader.bool();
                                break;
                            }
                        case 18: {
                                if (!(message.queueAffinity && message.queueAffinity.length))
                                    message.queueAffinity = [];
                                message.queueAffinity.push($root.ch.start.v1.QueueAffinity.decode(reader, reader.uint32(), undefined, long + 1));
                                break;
                            }
                        case 19: {
                                message.lockGranularity = reader.string();
                                break;
                            }
                        case 20: {
                                message.writeCache = reader.int32();
                                break;
                            }
                        case 21: {
                                message.drained = reader.bool();
                                break;
                            }
                        case 22: {
                                message.handOver = reader.uint32();
                                break;
                            }
                        case 23: {
                                message.workingFolder = reader.string();
                                break;
                            }
                        case 24: {
                                message.deviceSize = reader.uint64();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return StartBlock;
            })();

            v1.QueueAffinity = (function() {

                /**
                 * Properties of a QueueAffinity.
                 * @memberof ch.start.v1
                 * @interface IQueueAffinity
                 * @property {number|null} [queueIndex] QueueAffinity queueIndex
                 * @property {Array.<number>|null} [hostCpus] QueueAffinity hostCpus
                 */

                /**
                 * Constructs a new QueueAffinity.
                 * @memberof ch.start.v1
                 * @classdesc Represents a QueueAffinity.
                 * @implements IQueueAffinity
                 * @constructor
                 * @param {ch.start.v1.IQueueAffinity=} [properties] Properties to set
                 */
                function QueueAffinity(properties) {
                    this.hostCpus = [];
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * QueueAffinity queueIndex.
                 * @member {number} queueIndex
                 * @memberof ch.start.v1.QueueAffinity
                 * @instance
                 */
                QueueAffinity.prototype.queueIndex = 0;

                /**
                 * QueueAffinity hostCpus.
                 * @member {Array.<number>} hostCpus
                 * @memberof ch.start.v1.QueueAffinity
                 * @instance
                 */
                QueueAffinity.prototype.hostCpus = $util.emptyArray;

                /**
                 * Creates a new QueueAffinity instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.QueueAffinity
                 * @static
                 * @param {ch.start.v1.IQueueAffinity=} [properties] Properties to set
                 * @returns {ch.start.v1.QueueAffinity} QueueAffinity instance
                 */
                QueueAffinity.create = function create(properties) {
                    return new QueueAffinity(properties);
                };

                /**
                 * Encodes the specified QueueAffinity message. Does not implicitly {@link ch.start.v1.QueueAffinity.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.QueueAffinity
                 * @static
                 * @param {ch.start.v1.IQueueAffinity} message QueueAffinity message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                QueueAffinity.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.queueIndex != null && Object.hasOwnProperty.call(message, "queueIndex"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.queueIndex);
                    if (message.hostCpus != null && message.hostCpus.length) {
                        writer.uint32(/* id 2, wireType 2 =*/18).fork();
                        for (let i = 0; i < message.hostCpus.length; ++i)
                            writer.uint32(message.hostCpus[i]);
                        writer.ldelim();
                    }
                    return writer;
                };

                /**
                 * Decodes a QueueAffinity message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.QueueAffinity
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.QueueAffinity} QueueAffinity
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                QueueAffinity.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.QueueAffinity();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.queueIndex = reader.uint32();
                                break;
                            }
                        case 2: {
                                if (!(message.hostCpus && message.hostCpus.length))
                                    message.hostCpus = [];
                                if ((tag & 7) === 2) {
                                    let end2 = reader.uint32() + reader.pos;
                                    if (end2 > reader.len)
                                        throw RangeError("index out of range");
                                    reader.len = end2;
                                    while (reader.pos < end2)
                                        message.hostCpus.push(reader.uint32());
                                    if (reader.pos !== end2)
                                        throw RangeError("index out of range");
                                    reader.len = end;
                                } else
                                    message.hostCpus.push(reader.uint32());
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return QueueAffinity;
            })();

            /**
             * WriteCache enum.
             * @name ch.start.v1.WriteCache
             * @enum {number}
             * @property {number} WRITE_CACHE_UNSPECIFIED=0 WRITE_CACHE_UNSPECIFIED value
             * @property {number} BACK=1 BACK value
             * @property {number} THROUGH=2 THROUGH value
             */
            v1.WriteCache = (function() {
                const valuesById = {}, values = Object.create(valuesById);
                values[valuesById[0] = "WRITE_CACHE_UNSPECIFIED"] = 0;
                values[valuesById[1] = "BACK"] = 1;
                values[valuesById[2] = "THROUGH"] = 2;
                return values;
            })();

            v1.RateLimitGroup = (function() {

                /**
                 * Properties of a RateLimitGroup.
                 * @memberof ch.start.v1
                 * @interface IRateLimitGroup
                 * @property {string|null} [id] RateLimitGroup id
                 * @property {number|null} [state] RateLimitGroup state
                 */

                /**
                 * Constructs a new RateLimitGroup.
                 * @memberof ch.start.v1
                 * @classdesc Represents a RateLimitGroup.
                 * @implements IRateLimitGroup
                 * @constructor
                 * @param {ch.start.v1.IRateLimitGroup=} [properties] Properties to set
                 */
                function RateLimitGroup(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * RateLimitGroup id.
                 * @member {string} id
                 * @memberof ch.start.v1.RateLimitGroup
                 * @instance
                 */
                RateLimitGroup.prototype.id = "";

                /**
                 * RateLimitGroup state.
                 * @member {number} state
                 * @memberof ch.start.v1.RateLimitGroup
                 * @instance
                 */
                RateLimitGroup.prototype.state = 0;

                /**
                 * Creates a new RateLimitGroup instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.RateLimitGroup
                 * @static
                 * @param {ch.start.v1.IRateLimitGroup=} [properties] Properties to set
                 * @returns {ch.start.v1.RateLimitGroup} RateLimitGroup instance
                 */
                RateLimitGroup.create = function create(properties) {
                    return new RateLimitGroup(properties);
                };

                /**
                 * Encodes the specified RateLimitGroup message. Does not implicitly {@link ch.start.v1.RateLimitGroup.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.RateLimitGroup
                 * @static
                 * @param {ch.start.v1.IRateLimitGroup} message RateLimitGroup message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                RateLimitGroup.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.id != null && Object.hasOwnProperty.call(message, "id"))
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.id);
                    if (message.state != null && Object.hasOwnProperty.call(message, "state"))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.state);
                    return writer;
                };

                /**
                 * Decodes a RateLimitGroup message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.RateLimitGroup
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.RateLimitGroup} RateLimitGroup
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                RateLimitGroup.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.RateLimitGroup();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.id = reader.string();
                                break;
                            }
                        case 2: {
                                message.state = reader.uint32();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return RateLimitGroup;
            })();

            v1.RateLimits = (function() {

                /**
                 * Properties of a RateLimits.
                 * @memberof ch.start.v1
                 * @interface IRateLimits
                 * @property {ch.start.v1.ITokenBucket|null} [bandwidth] RateLimits bandwidth
                 * @property {ch.start.v1.ITokenBucket|null} [ops] RateLimits ops
                 */

                /**
                 * Constructs a new RateLimits.
                 * @memberof ch.start.v1
                 * @classdesc Represents a RateLimits.
                 * @implements IRateLimits
                 * @constructor
                 * @param {ch.start.v1.IRateLimits=} [properties] Properties to set
                 */
                function RateLimits(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * RateLimits bandwidth.
                 * @member {ch.start.v1.ITokenBucket|null|undefined} bandwidth
                 * @memberof ch.start.v1.RateLimits
                 * @instance
                 */
                RateLimits.prototype.bandwidth = null;

                /**
                 * RateLimits ops.
                 * @member {ch.start.v1.ITokenBucket|null|undefined} ops
                 * @memberof ch.start.v1.RateLimits
                 * @instance
                 */
                RateLimits.prototype.ops = null;

                /**
                 * Creates a new RateLimits instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.RateLimits
                 * @static
                 * @param {ch.start.v1.IRateLimits=} [properties] Properties to set
                 * @returns {ch.start.v1.RateLimits} RateLimits instance
                 */
                RateLimits.create = function create(properties) {
                    return new RateLimits(properties);
                };

                /**
                 * Encodes the specified RateLimits message. Does not implicitly {@link ch.start.v1.RateLimits.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.RateLimits
                 * @static
                 * @param {ch.start.v1.IRateLimits} message RateLimits message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                RateLimits.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.bandwidth != null && Object.hasOwnProperty.call(message, "bandwidth"))
                        $root.ch.start.v1.TokenBucket.encode(message.bandwidth, writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                    if (message.ops != null && Object.hasOwnProperty.call(message, "ops"))
                        $root.ch.start.v1.TokenBucket.encode(message.ops, writer.uint32(/* id 2, wireType 2 =*/18).fork(), q + 1).ldelim();
                    return writer;
                };

                /**
                 * Decodes a RateLimits message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.RateLimits
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.RateLimits} RateLimits
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                RateLimits.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.RateLimits();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.bandwidth = $root.ch.start.v1.TokenBucket.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 2: {
                                message.ops = $root.ch.start.v1.TokenBucket.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return RateLimits;
            })();

            v1.TokenBucket = (function() {

                /**
                 * Properties of a TokenBucket.
                 * @memberof ch.start.v1
                 * @interface ITokenBucket
                 * @property {number|null} [size] TokenBucket size
                 * @property {number|null} [oneTimeBurst] TokenBucket oneTimeBurst
                 * @property {number|null} [refillMs] TokenBucket refillMs
                 */

                /**
                 * Constructs a new TokenBucket.
                 * @memberof ch.start.v1
                 * @classdesc Represents a TokenBucket.
                 * @implements ITokenBucket
                 * @constructor
                 * @param {ch.start.v1.ITokenBucket=} [properties] Properties to set
                 */
                function TokenBucket(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * TokenBucket size.
                 * @member {number} size
                 * @memberof ch.start.v1.TokenBucket
                 * @instance
                 */
                TokenBucket.prototype.size = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * TokenBucket oneTimeBurst.
                 * @member {number} oneTimeBurst
                 * @memberof ch.start.v1.TokenBucket
                 * @instance
                 */
                TokenBucket.prototype.oneTimeBurst = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * TokenBucket refillMs.
                 * @member {number} refillMs
                 * @memberof ch.start.v1.TokenBucket
                 * @instance
                 */
                TokenBucket.prototype.refillMs = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Creates a new TokenBucket instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.TokenBucket
                 * @static
                 * @param {ch.start.v1.ITokenBucket=} [properties] Properties to set
                 * @returns {ch.start.v1.TokenBucket} TokenBucket instance
                 */
                TokenBucket.create = function create(properties) {
                    return new TokenBucket(properties);
                };

                /**
                 * Encodes the specified TokenBucket message. Does not implicitly {@link ch.start.v1.TokenBucket.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.TokenBucket
                 * @static
                 * @param {ch.start.v1.ITokenBucket} message TokenBucket message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                TokenBucket.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.size != null && Object.hasOwnProperty.call(message, "size"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.size);
                    if (message.oneTimeBurst != null && Object.hasOwnProperty.call(message, "oneTimeBurst"))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.oneTimeBurst);
                    if (message.refillMs != null && Object.hasOwnProperty.call(message, "refillMs"))
                        writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.refillMs);
                    return writer;
                };

                /**
                 * Decodes a TokenBucket message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.TokenBucket
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.TokenBucket} TokenBucket
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                TokenBucket.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.TokenBucket();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.size = reader.uint64();
                                break;
                            }
                        case 2: {
                                message.oneTimeBurst = reader.uint64();
                                break;
                            }
                        case 3: {
                                message.refillMs = reader.uint64();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return TokenBucket;
            })();

            v1.Connect = (function() {

                /**
                 * Properties of a Connect.
                 * @memberof ch.start.v1
                 * @interface IConnect
                 * @property {number|null} [socket] Connect socket
                 */

                /**
                 * Constructs a new Connect.
                 * @memberof ch.start.v1
                 * @classdesc Represents a Connect.
                 * @implements IConnect
                 * @constructor
                 * @param {ch.start.v1.IConnect=} [properties] Properties to set
                 */
                function Connect(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Connect socket.
                 * @member {number} socket
                 * @memberof ch.start.v1.Connect
                 * @instance
                 */
                Connect.prototype.socket = 0;

                /**
                 * Creates a new Connect instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Connect
                 * @static
                 * @param {ch.start.v1.IConnect=} [properties] Properties to set
                 * @returns {ch.start.v1.Connect} Connect instance
                 */
                Connect.create = function create(properties) {
                    return new Connect(properties);
                };

                /**
                 * Encodes the specified Connect message. Does not implicitly {@link ch.start.v1.Connect.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Connect
                 * @static
                 * @param {ch.start.v1.IConnect} message Connect message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Connect.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.socket != null && Object.hasOwnProperty.call(message, "socket"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.socket);
                    return writer;
                };

                /**
                 * Decodes a Connect message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Connect
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Connect} Connect
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Connect.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Connect();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.socket = reader.uint32();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return Connect;
            })();

            v1.HandOver = (function() {

                /**
                 * Properties of a HandOver.
                 * @memberof ch.start.v1
                 * @interface IHandOver
                 * @property {number|null} [socket] HandOver socket
                 */

                /**
                 * Constructs a new HandOver.
                 * @memberof ch.start.v1
                 * @classdesc Represents a HandOver.
                 * @implements IHandOver
                 * @constructor
                 * @param {ch.start.v1.IHandOver=} [properties] Properties to set
                 */
                function HandOver(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * HandOver socket.
                 * @member {number} socket
                 * @memberof ch.start.v1.HandOver
                 * @instance
                 */
                HandOver.prototype.socket = 0;

                /**
                 * Creates a new HandOver instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.HandOver
                 * @static
                 * @param {ch.start.v1.IHandOver=} [properties] Properties to set
                 * @returns {ch.start.v1.HandOver} HandOver instance
                 */
                HandOver.create = function create(properties) {
                    return new HandOver(properties);
                };

                /**
                 * Encodes the specified HandOver message. Does not implicitly {@link ch.start.v1.HandOver.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.HandOver
                 * @static
                 * @param {ch.start.v1.IHandOver} message HandOver message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                HandOver.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.socket != null && Object.hasOwnProperty.call(message, "socket"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.socket);
                    return writer;
                };

                /**
                 * Decodes a HandOver message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.HandOver
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.HandOver} HandOver
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                HandOver.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.HandOver();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.socket = reader.uint32();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return HandOver;
            })();

            v1.FromDevice = (function() {

                /**
                 * Properties of a FromDevice.
                 * @memberof ch.start.v1
                 * @interface IFromDevice
                 * @property {ch.start.v1.IStarted|null} [started] FromDevice started
                 * @property {ch.start.v1.IFailed|null} [failed] FromDevice failed
                 * @property {ch.start.v1.ILog|null} [log] FromDevice log
                 * @property {ch.start.v1.IRateLimits|null} [limitsChanged] FromDevice limitsChanged
                 * @property {ch.start.v1.WriteCache|null} [writeCacheChanged] FromDevice writeCacheChanged
                 * @property {ch.start.v1.IDrained|null} [drainedChanged] FromDevice drainedChanged
                 * @property {ch.start.v1.IUpgradeRequested|null} [upgradeRequested] FromDevice upgradeRequested
                 * @property {ch.start.v1.IDeviceSize|null} [deviceSizeChanged] FromDevice deviceSizeChanged
                 */

                /**
                 * Constructs a new FromDevice.
                 * @memberof ch.start.v1
                 * @classdesc Represents a FromDevice.
                 * @implements IFromDevice
                 * @constructor
                 * @param {ch.start.v1.IFromDevice=} [properties] Properties to set
                 */
                function FromDevice(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * FromDevice started.
                 * @member {ch.start.v1.IStarted|null|undefined} started
                 * @memberof ch.start.v1.FromDevice
                 * @instance
                 */
                FromDevice.prototype.started = null;

                /**
                 * FromDevice failed.
                 * @member {ch.start.v1.IFailed|null|undefined} failed
                 * @memberof ch.start.v1.FromDevice
                 * @instance
                 */
                FromDevice.prototype.failed = null;

                /**
                 * FromDevice log.
                 * @member {ch.start.v1.ILog|null|undefined} log
                 * @memberof ch.start.v1.FromDevice
                 * @instance
                 */
                FromDevice.prototype.log = null;

                /**
                 * FromDevice limitsChanged.
                 * @member {ch.start.v1.IRateLimits|null|undefined} limitsChanged
                 * @memberof ch.start.v1.FromDevice
                 * @instance
                 */
                FromDevice.prototype.limitsChanged = null;

                /**
                 * FromDevice writeCacheChanged.
                 * @member {ch.start.v1.WriteCache|null|undefined} writeCacheChanged
                 * @memberof ch.start.v1.FromDevice
                 * @instance
                 */
                FromDevice.prototype.writeCacheChanged = null;

                /**
                 * FromDevice drainedChanged.
                 * @member {ch.start.v1.IDrained|null|undefined} drainedChanged
                 * @memberof ch.start.v1.FromDevice
                 * @instance
                 */
                FromDevice.prototype.drainedChanged = null;

                /**
                 * FromDevice upgradeRequested.
                 * @member {ch.start.v1.IUpgradeRequested|null|undefined} upgradeRequested
                 * @memberof ch.start.v1.FromDevice
                 * @instance
                 */
                FromDevice.prototype.upgradeRequested = null;

                /**
                 * FromDevice deviceSizeChanged.
                 * @member {ch.start.v1.IDeviceSize|null|undefined} deviceSizeChanged
                 * @memberof ch.start.v1.FromDevice
                 * @instance
                 */
                FromDevice.prototype.deviceSizeChanged = null;

                // OneOf field names bound to virtual getters and setters
                let $oneOfFields;

                /**
                 * FromDevice message.
                 * @member {"started"|"failed"|"log"|"limitsChanged"|"writeCacheChanged"|"drainedChanged"|"upgradeRequested"|"deviceSizeChanged"|undefined} message
                 * @memberof ch.start.v1.FromDevice
                 * @instance
                 */
                Object.defineProperty(FromDevice.prototype, "message", {
                    get: $util.oneOfGetter($oneOfFields = ["started", "failed", "log", "limitsChanged", "writeCacheChanged", "drainedChanged", "upgradeRequested", "deviceSizeChanged"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                /**
                 * Creates a new FromDevice instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.FromDevice
                 * @static
                 * @param {ch.start.v1.IFromDevice=} [properties] Properties to set
                 * @returns {ch.start.v1.FromDevice} FromDevice instance
                 */
                FromDevice.create = function create(properties) {
                    return new FromDevice(properties);
                };

                /**
                 * Encodes the specified FromDevice message. Does not implicitly {@link ch.start.v1.FromDevice.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.FromDevice
                 * @static
                 * @param {ch.start.v1.IFromDevice} message FromDevice message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                FromDevice.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.started != null && Object.hasOwnProperty.call(message, "started"))
                        $root.ch.start.v1.Started.encode(message.started, writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                    if (message.failed != null && Object.hasOwnProperty.call(message, "failed"))
                        $root.ch.start.v1.Failed.encode(message.failed, writer.uint32(/* id 2, wireType 2 =*/18).fork(), q + 1).ldelim();
                    if (message.log != null && Object.hasOwnProperty.call(message, "log"))
                        $root.ch.start.v1.Log.encode(message.log, writer.uint32(/* id 3, wireType 2 =*/26).fork(), q + 1).ldelim();
                    if (message.limitsChanged != null && Object.hasOwnProperty.call(message, "limitsChanged"))
                        $root.ch.start.v1.RateLimits.encode(message.limitsChanged, writer.uint32(/* id 4, wireType 2 =*/34).fork(), q + 1).ldelim();
                    if (message.writeCacheChanged != null && Object.hasOwnProperty.call(message, "writeCacheChanged"))
                        writer.uint32(/* id 5, wireType 0 =*/40).int32(message.writeCacheChanged);
                    if (message.drainedChanged != null && Object.hasOwnProperty.call(message, "drainedChanged"))
                        $root.ch.start.v1.Drained.encode(message.drainedChanged, writer.uint32(/* id 6, wireType 2 =*/50).fork(), q + 1).ldelim();
                    if (message.upgradeRequested != null && Object.hasOwnProperty.call(message, "upgradeRequested"))
                        $root.ch.start.v1.UpgradeRequested.encode(message.upgradeRequested, writer.uint32(/* id 7, wireType 2 =*/58).fork(), q + 1).ldelim();
                    if (message.deviceSizeChanged != null && Object.hasOwnProperty.call(message, "deviceSizeChanged"))
                        $root.ch.start.v1.DeviceSize.encode(message.deviceSizeChanged, writer.uint32(/* id 8, wireType 2 =*/66).fork(), q + 1).ldelim();
                    return writer;
                };

                /**
                 * Decodes a FromDevice message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.FromDevice
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.FromDevice} FromDevice
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                FromDevice.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.FromDevice();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.started = $root.ch.start.v1.Started.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 2: {
                                message.failed = $root.ch.start.v1.Failed.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 3: {
                                message.log = $root.ch.start.v1.Log.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 4: {
                                message.limitsChanged = $root.ch.start.v1.RateLimits.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 5: {
                                message.writeCacheChanged = reader.int32();
                                break;
                            }
                        case 6: {
                                message.drainedChanged = $root.ch.start.v1.Drained.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 7: {
                                message.upgradeRequested = $root.ch.start.v1.UpgradeRequested.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 8: {
                                message.deviceSizeChanged = $root.ch.start.v1.DeviceSize.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return FromDevice;
            })();

            v1.DeviceSize = (function() {

                /**
                 * Properties of a DeviceSize.
                 * @memberof ch.start.v1
                 * @interface IDeviceSize
                 * @property {number|null} [size] DeviceSize size
                 */

                /**
                 * Constructs a new DeviceSize.
                 * @memberof ch.start.v1
                 * @classdesc Represents a DeviceSize.
                 * @implements IDeviceSize
                 * @constructor
                 * @param {ch.start.v1.IDeviceSize=} [properties] Properties to set
                 */
                function DeviceSize(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * DeviceSize size.
                 * @member {number} size
                 * @memberof ch.start.v1.DeviceSize
                 * @instance
                 */
                DeviceSize.prototype.size = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Creates a new DeviceSize instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.DeviceSize
                 * @static
                 * @param {ch.start.v1.IDeviceSize=} [properties] Properties to set
                 * @returns {ch.start.v1.DeviceSize} DeviceSize instance
                 */
                DeviceSize.create = function create(properties) {
                    return new DeviceSize(properties);
                };

                /**
                 * Encodes the specified DeviceSize message. Does not implicitly {@link ch.start.v1.DeviceSize.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.DeviceSize
                 * @static
                 * @param {ch.start.v1.IDeviceSize} message DeviceSize message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                DeviceSize.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.size != null && Object.hasOwnProperty.call(message, "size"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.size);
                    return writer;
                };

                /**
                 * Decodes a DeviceSize message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.DeviceSize
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.DeviceSize} DeviceSize
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                DeviceSize.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.DeviceSize();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.size = reader.uint64();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return DeviceSize;
            })();

            v1.Drained = (function() {

                /**
                 * Properties of a Drained.
                 * @memberof ch.start.v1
                 * @interface IDrained
                 * @property {boolean|null} [drained] Drained drained
                 */

                /**
                 * Constructs a new Drained.
                 * @memberof ch.start.v1
                 * @classdesc Represents a Drained.
                 * @implements IDrained
                 * @constructor
                 * @param {ch.start.v1.IDrained=} [properties] Properties to set
                 */
                function Drained(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Drained drained.
                 * @member {boolean} drained
                 * @memberof ch.start.v1.Drained
                 * @instance
                 */
                Drained.prototype.drained = false;

                /**
                 * Creates a new Drained instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.Drained
                 * @static
                 * @param {ch.start.v1.IDrained=} [properties] Properties to set
                 * @returns {ch.start.v1.Drained} Drained instance
                 */
                Drained.create = function create(properties) {
                    return new Drained(properties);
                };

                /**
                 * Encodes the specified Drained message. Does not implicitly {@link ch.start.v1.Drained.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.Drained
                 * @static
                 * @param {ch.start.v1.IDrained} message Drained message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Drained.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.drained != null && Object.hasOwnProperty.call(message, "drained"))
                        writer.uint32(/* id 1, wireType 0 =*/8).bool(message.drained);
                    return writer;
                };

                /**
                 * Decodes a Drained message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.Drained
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.Drained} Drained
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Drained.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.Drained();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.drained = reader.bool();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return Drained;
            })();

            v1.UpgradeRequested = (function() {

                /**
                 * Properties of an UpgradeRequested.
                 * @memberof ch.start.v1
                 * @interface IUpgradeRequested
                 * @property {string|null} [program] UpgradeRequested program
                 */

                /**
                 * Constructs a new UpgradeRequested.
                 * @memberof ch.start.v1
                 * @classdesc Represents an UpgradeRequested.
                 * @implements IUpgradeRequested
                 * @constructor
                 * @param {ch.start.v1.IUpgradeRequested=} [properties] Properties to set
                 */
                function UpgradeRequested(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * UpgradeRequested program.
                 * @member {string} program
                 * @memberof ch.start.v1.UpgradeRequested
                 * @instance
                 */
                UpgradeRequested.prototype.program = "";

                /**
                 * Creates a new UpgradeRequested instance using the specified properties.
                 * @function create
                 * @memberof ch.start.v1.UpgradeRequested
                 * @static
                 * @param {ch.start.v1.IUpgradeRequested=} [properties] Properties to set
                 * @returns {ch.start.v1.UpgradeRequested} UpgradeRequested instance
                 */
                UpgradeRequested.create = function create(properties) {
                    return new UpgradeRequested(properties);
                };

                /**
                 * Encodes the specified UpgradeRequested message. Does not implicitly {@link ch.start.v1.UpgradeRequested.verify|verify} messages.
                 * @function encode
                 * @memberof ch.start.v1.UpgradeRequested
                 * @static
                 * @param {ch.start.v1.IUpgradeRequested} message UpgradeRequested message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                UpgradeRequested.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.program != null && Object.hasOwnProperty.call(message, "program"))
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.program);
                    return writer;
                };

                /**
                 * Decodes an UpgradeRequested message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.start.v1.UpgradeRequested
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.start.v1.UpgradeRequested} UpgradeRequested
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                UpgradeRequested.decode = function decode(reader, length, error, long) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (long === undefined)
                        long = 0;
                    if (long > $Reader.recursionLimit)
                        throw Error("maximum nesting depth exceeded");
                    let end, message;
                    if (length === undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = new $root.ch.start.v1.UpgradeRequested();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.program = reader.string();
                                break;
                            }
                        default:
                            reader.skipType(tag & 7, long);
                            break;
                        }
                    }
                    if (length !== undefined) {
                        if (reader.pos !== end)
                            throw RangeError("index out of range");
                        reader.len = length;
                    }
                    return message;
                };

                return UpgradeRequested;
            })();

            return v1;
        })();

        return start;
    })();

    return ch;
})();

export { $root as default };
