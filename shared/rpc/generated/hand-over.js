/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;

// Exported root namespace
const $root = $protobuf.roots["hand-over"] || ($protobuf.roots["hand-over"] = {});

export const ch = $root.ch = (() => {

    /**
     * Namespace ch.
     * @exports ch
     * @namespace
     */
    const ch = {};

    ch.handover = (function() {

        /**
         * Namespace handover.
         * @memberof ch
         * @namespace
         */
        const handover = {};

        handover.v1 = (function() {

            /**
             * Namespace v1.
             * @memberof ch.handover
             * @namespace
             */
            const v1 = {};

            v1.ToSuccessor = (function() {

                /**
                 * Properties of a ToSuccessor.
                 * @memberof ch.handover.v1
                 * @interface IToSuccessor
                 * @property {ch.handover.v1.IGreeting|null} [greeting] ToSuccessor greeting
                 * @property {ch.handover.v1.IDescriptors|null} [descriptors] ToSuccessor descriptors
                 * @property {ch.handover.v1.ITakeOver|null} [takeOver] ToSuccessor takeOver
                 */

                /**
                 * Constructs a new ToSuccessor.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a ToSuccessor.
                 * @implements IToSuccessor
                 * @constructor
                 * @param {ch.handover.v1.IToSuccessor=} [properties] Properties to set
                 */
                function ToSuccessor(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * ToSuccessor greeting.
                 * @member {ch.handover.v1.IGreeting|null|undefined} greeting
                 * @memberof ch.handover.v1.ToSuccessor
                 * @instance
                 */
                ToSuccessor.prototype.greeting = null;

                /**
                 * ToSuccessor descriptors.
                 * @member {ch.handover.v1.IDescriptors|null|undefined} descriptors
                 * @memberof ch.handover.v1.ToSuccessor
                 * @instance
                 */
                ToSuccessor.prototype.descriptors = null;

                /**
                 * ToSuccessor takeOver.
                 * @member {ch.handover.v1.ITakeOver|null|undefined} takeOver
                 * @memberof ch.handover.v1.ToSuccessor
                 * @instance
                 */
                ToSuccessor.prototype.takeOver = null;

                // OneOf field names bound to virtual getters and setters
                let $oneOfFields;

                /**
                 * ToSuccessor message.
                 * @member {"greeting"|"descriptors"|"takeOver"|undefined} message
                 * @memberof ch.handover.v1.ToSuccessor
                 * @instance
                 */
                Object.defineProperty(ToSuccessor.prototype, "message", {
                    get: $util.oneOfGetter($oneOfFields = ["greeting", "descriptors", "takeOver"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                /**
                 * Creates a new ToSuccessor instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.ToSuccessor
                 * @static
                 * @param {ch.handover.v1.IToSuccessor=} [properties] Properties to set
                 * @returns {ch.handover.v1.ToSuccessor} ToSuccessor instance
                 */
                ToSuccessor.create = function create(properties) {
                    return new ToSuccessor(properties);
                };

                /**
                 * Encodes the specified ToSuccessor message. Does not implicitly {@link ch.handover.v1.ToSuccessor.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.ToSuccessor
                 * @static
                 * @param {ch.handover.v1.IToSuccessor} message ToSuccessor message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                ToSuccessor.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.greeting != null && Object.hasOwnProperty.call(message, "greeting"))
                        $root.ch.handover.v1.Greeting.encode(message.greeting, writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                    if (message.descriptors != null && Object.hasOwnProperty.call(message, "descriptors"))
                        $root.ch.handover.v1.Descriptors.encode(message.descriptors, writer.uint32(/* id 2, wireType 2 =*/18).fork(), q + 1).ldelim();
                    if (message.takeOver != null && Object.hasOwnProperty.call(message, "takeOver"))
                        $root.ch.handover.v1.TakeOver.encode(message.takeOver, writer.uint32(/* id 3, wireType 2 =*/26).fork(), q + 1).ldelim();
                    return writer;
                };

                /**
                 * Decodes a ToSuccessor message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.ToSuccessor
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.ToSuccessor} ToSuccessor
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                ToSuccessor.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.ToSuccessor();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.greeting = $root.ch.handover.v1.Greeting.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 2: {
                                message.descriptors = $root.ch.handover.v1.Descriptors.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 3: {
                                message.takeOver = $root.ch.handover.v1.TakeOver.decode(reader, reader.uint32(), undefined, long + 1);
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

                return ToSuccessor;
            })();

            v1.Greeting = (function() {

                /**
                 * Properties of a Greeting.
                 * @memberof ch.handover.v1
                 * @interface IGreeting
                 * @property {number|null} [version] Greeting version
                 * @property {string|null} [kind] Greeting kind
                 * @property {Array.<string>|null} ["arguments"] Greeting arguments
                 * @property {string|null} [directory] Greeting directory
                 */

                /**
                 * Constructs a new Greeting.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a Greeting.
                 * @implements IGreeting
                 * @constructor
                 * @param {ch.handover.v1.IGreeting=} [properties] Properties to set
                 */
                function Greeting(properties) {
                    this["arguments"] = [];
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Greeting version.
                 * @member {number} version
                 * @memberof ch.handover.v1.Greeting
                 * @instance
                 */
                Greeting.prototype.version = 0;

                /**
                 * Greeting kind.
                 * @member {string} kind
                 * @memberof ch.handover.v1.Greeting
                 * @instance
                 */
                Greeting.prototype.kind = "";

                /**
                 * Greeting arguments.
                 * @member {Array.<string>} arguments
                 * @memberof ch.handover.v1.Greeting
                 * @instance
                 */
                Greeting.prototype["arguments"] = $util.emptyArray;

                /**
                 * Greeting directory.
                 * @member {string} directory
                 * @memberof ch.handover.v1.Greeting
                 * @instance
                 */
                Greeting.prototype.directory = "";

                /**
                 * Creates a new Greeting instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.Greeting
                 * @static
                 * @param {ch.handover.v1.IGreeting=} [properties] Properties to set
                 * @returns {ch.handover.v1.Greeting} Greeting instance
                 */
                Greeting.create = function create(properties) {
                    return new Greeting(properties);
                };

                /**
                 * Encodes the specified Greeting message. Does not implicitly {@link ch.handover.v1.Greeting.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.Greeting
                 * @static
                 * @param {ch.handover.v1.IGreeting} message Greeting message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Greeting.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.version != null && Object.hasOwnProperty.call(message, "version"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.version);
                    if (message.kind != null && Object.hasOwnProperty.call(message, "kind"))
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.kind);
                    if (message["arguments"] != null && message["arguments"].length)
                        for (let i = 0; i < message["arguments"].length; ++i)
                            writer.uint32(/* id 3, wireType 2 =*/26).string(message["arguments"][i]);
                    if (message.directory != null && Object.hasOwnProperty.call(message, "directory"))
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.directory);
                    return writer;
                };

                /**
                 * Decodes a Greeting message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.Greeting
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.Greeting} Greeting
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Greeting.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.Greeting();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.version = reader.uint32();
                                break;
                            }
                        case 2: {
                                message.kind = reader.string();
                                break;
                            }
                        case 3: {
                                if (!(message["arguments"] && message["arguments"].length))
                                    message["arguments"] = [];
                                message["arguments"].push(reader.string());
                                break;
                            }
                        case 4: {
                                message.directory = reader.string();
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

                return Greeting;
            })();

            v1.Descriptors = (function() {

                /**
                 * Properties of a Descriptors.
                 * @memberof ch.handover.v1
                 * @interface IDescriptors
                 */

                /**
                 * Constructs a new Descriptors.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a Descriptors.
                 * @implements IDescriptors
                 * @constructor
                 * @param {ch.handover.v1.IDescriptors=} [properties] Properties to set
                 */
                function Descriptors(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Creates a new Descriptors instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.Descriptors
                 * @static
                 * @param {ch.handover.v1.IDescriptors=} [properties] Properties to set
                 * @returns {ch.handover.v1.Descriptors} Descriptors instance
                 */
                Descriptors.create = function create(properties) {
                    return new Descriptors(properties);
                };

                /**
                 * Encodes the specified Descriptors message. Does not implicitly {@link ch.handover.v1.Descriptors.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.Descriptors
                 * @static
                 * @param {ch.handover.v1.IDescriptors} message Descriptors message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Descriptors.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    return writer;
                };

                /**
                 * Decodes a Descriptors message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.Descriptors
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.Descriptors} Descriptors
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Descriptors.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.Descriptors();
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

                return Descriptors;
            })();

            v1.TakeOver = (function() {

                /**
                 * Properties of a TakeOver.
                 * @memberof ch.handover.v1
                 * @interface ITakeOver
                 * @property {number|null} [version] TakeOver version
                 * @property {ch.handover.v1.ISession|null} [session] TakeOver session
                 * @property {ch.handover.v1.IDeviceState|null} [device] TakeOver device
                 * @property {number|null} [listener] TakeOver listener
                 * @property {number|null} [clientListener] TakeOver clientListener
                 */

                /**
                 * Constructs a new TakeOver.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a TakeOver.
                 * @implements ITakeOver
                 * @constructor
                 * @param {ch.handover.v1.ITakeOver=} [properties] Properties to set
                 */
                function TakeOver(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * TakeOver version.
                 * @member {number} version
                 * @memberof ch.handover.v1.TakeOver
                 * @instance
                 */
                TakeOver.prototype.version = 0;

                /**
                 * TakeOver session.
                 * @member {ch.handover.v1.ISession|null|undefined} session
                 * @memberof ch.handover.v1.TakeOver
                 * @instance
                 */
                TakeOver.prototype.session = null;

                /**
                 * TakeOver device.
                 * @member {ch.handover.v1.IDeviceState|null|undefined} device
                 * @memberof ch.handover.v1.TakeOver
                 * @instance
                 */
                TakeOver.prototype.device = null;

                /**
                 * TakeOver listener.
                 * @member {number} listener
                 * @memberof ch.handover.v1.TakeOver
                 * @instance
                 */
                TakeOver.prototype.listener = 0;

                /**
                 * TakeOver clientListener.
                 * @member {number} clientListener
                 * @memberof ch.handover.v1.TakeOver
                 * @instance
                 */
                TakeOver.prototype.clientListener = 0;

                /**
                 * Creates a new TakeOver instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.TakeOver
                 * @static
                 * @param {ch.handover.v1.ITakeOver=} [properties] Properties to set
                 * @returns {ch.handover.v1.TakeOver} TakeOver instance
                 */
                TakeOver.create = function create(properties) {
                    return new TakeOver(properties);
                };

                /**
                 * Encodes the specified TakeOver message. Does not implicitly {@link ch.handover.v1.TakeOver.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.TakeOver
                 * @static
                 * @param {ch.handover.v1.ITakeOver} message TakeOver message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                TakeOver.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.version != null && Object.hasOwnProperty.call(message, "version"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.version);
                    if (message.session != null && Object.hasOwnProperty.call(message, "session"))
                        $root.ch.handover.v1.Session.encode(message.session, writer.uint32(/* id 2, wireType 2 =*/18).fork(), q + 1).ldelim();
                    if (message.device != null && Object.hasOwnProperty.call(message, "device"))
                        $root.ch.handover.v1.DeviceState.encode(message.device, writer.uint32(/* id 3, wireType 2 =*/26).fork(), q + 1).ldelim();
                    if (message.listener != null && Object.hasOwnProperty.call(message, "listener"))
                        writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.listener);
                    if (message.clientListener != null && Object.hasOwnProperty.call(message, "clientListener"))
                        writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.clientListener);
                    return writer;
                };

                /**
                 * Decodes a TakeOver message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.TakeOver
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.TakeOver} TakeOver
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                TakeOver.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.TakeOver();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.version = reader.uint32();
                                break;
                            }
                        case 2: {
                                message.session = $root.ch.handover.v1.Session.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 3: {
                                message.device = $root.ch.handover.v1.DeviceState.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 4: {
                                message.listener = reader.uint32();
                                break;
                            }
                        case 5: {
                                message.clientListener = reader.uint32();
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

                return TakeOver;
            })();

            v1.Session = (function() {

                /**
                 * Properties of a Session.
                 * @memberof ch.handover.v1
                 * @interface ISession
                 * @property {number|null} [socket] Session socket
                 * @property {ch.handover.v1.IBits|null} [features] Session features
                 * @property {ch.handover.v1.IBits|null} [protocolFeatures] Session protocolFeatures
                 * @property {number|null} [status] Session status
                 * @property {Array.<ch.handover.v1.IRegion>|null} [regions] Session regions
                 * @property {Array.<ch.handover.v1.IRing>|null} [rings] Session rings
                 * @property {ch.handover.v1.IInflightArea|null} [inflight] Session inflight
                 * @property {ch.handover.v1.IBackendChannel|null} [backendChannel] Session backendChannel
                 * @property {Uint8Array|null} [begun] Session begun
                 * @property {Array.<number>|null} [begunDescriptors] Session begunDescriptors
                 * @property {ch.handover.v1.IDirtyLog|null} [log] Session log
                 */

                /**
                 * Constructs a new Session.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a Session.
                 * @implements ISession
                 * @constructor
                 * @param {ch.handover.v1.ISession=} [properties] Properties to set
                 */
                function Session(properties) {
                    this.regions = [];
                    this.rings = [];
                    this.begunDescriptors = [];
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Session socket.
                 * @member {number} socket
                 * @memberof ch.handover.v1.Session
                 * @instance
                 */
                Session.prototype.socket = 0;

                /**
                 * Session features.
                 * @member {ch.handover.v1.IBits|null|undefined} features
                 * @memberof ch.handover.v1.Session
                 * @instance
                 */
                Session.prototype.features = null;

                /**
                 * Session protocolFeatures.
                 * @member {ch.handover.v1.IBits|null|undefined} protocolFeatures
                 * @memberof ch.handover.v1.Session
                 * @instance
                 */
                Session.prototype.protocolFeatures = null;

                /**
                 * Session status.
                 * @member {number} status
                 * @memberof ch.handover.v1.Session
                 * @instance
                 */
                Session.prototype.status = 0;

                /**
                 * Session regions.
                 * @member {Array.<ch.handover.v1.IRegion>} regions
                 * @memberof ch.handover.v1.Session
                 * @instance
                 */
                Session.prototype.regions = $util.emptyArray;

                /**
                 * Session rings.
                 * @member {Array.<ch.handover.v1.IRing>} rings
                 * @memberof ch.handover.v1.Session
                 * @instance
                 */
                Session.prototype.rings = $util.emptyArray;

                /**
                 * Session inflight.
                 * @member {ch.handover.v1.IInflightArea|null|undefined} inflight
                 * @memberof ch.handover.v1.Session
                 * @instance
                 */
                Session.prototype.inflight = null;

                /**
                 * Session backendChannel.
                 * @member {ch.handover.v1.IBackendChannel|null|undefined} backendChannel
                 * @memberof ch.handover.v1.Session
                 * @instance
                 */
                Session.prototype.backendChannel = null;

                /**
                 * Session begun.
                 * @member {Uint8Array} begun
                 * @memberof ch.handover.v1.Session
                 * @instance
                 */
                Session.prototype.begun = $util.newBuffer([]);

                /**
                 * Session begunDescriptors.
                 * @member {Array.<number>} begunDescriptors
                 * @memberof ch.handover.v1.Session
                 * @instance
                 */
                Session.prototype.begunDescriptors = $util.emptyArray;

                /**
                 * Session log.
                 * @member {ch.handover.v1.IDirtyLog|null|undefined} log
                 * @memberof ch.handover.v1.Session
                 * @instance
                 */
                Session.prototype.log = null;

                /**
                 * Creates a new Session instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.Session
                 * @static
                 * @param {ch.handover.v1.ISession=} [properties] Properties to set
                 * @returns {ch.handover.v1.Session} Session instance
                 */
                Session.create = function create(properties) {
                    return new Session(properties);
                };

                /**
                 * Encodes the specified Session message. Does not implicitly {@link ch.handover.v1.Session.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.Session
                 * @static
                 * @param {ch.handover.v1.ISession} message Session message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Session.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.socket != null && Object.hasOwnProperty.call(message, "socket"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.socket);
                    if (message.features != null && Object.hasOwnProperty.call(message, "features"))
                        $root.ch.handover.v1.Bits.encode(message.features, writer.uint32(/* id 2, wireType 2 =*/18).fork(), q + 1).ldelim();
                    if (message.protocolFeatures != null && Object.hasOwnProperty.call(message, "protocolFeatures"))
                        $root.ch.handover.v1.Bits.encode(message.protocolFeatures, writer.uint32(/* id 3, wireType 2 =*/26).fork(), q + 1).ldelim();
                    if (message.status != null && Object.hasOwnProperty.call(message, "status"))
                        writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.status);
                    if (message.regions != null && message.regions.length)
                        for (let i = 0; i < message.regions.length; ++i)
                            $root.ch.handover.v1.Region.encode(message.regions[i], writer.uint32(/* id 5, wireType 2 =*/42).fork(), q + 1).ldelim();
                    if (message.rings != null && message.rings.length)
                        for (let i = 0; i < message.rings.length; ++i)
                            $root.ch.handover.v1.Ring.encode(message.rings[i], writer.uint32(/* id 6, wireType 2 =*/50).fork(), q + 1).ldelim();
                    if (message.inflight != null && Object.hasOwnProperty.call(message, "inflight"))
                        $root.ch.handover.v1.InflightArea.encode(message.inflight, writer.uint32(/* id 7, wireType 2 =*/58).fork(), q + 1).ldelim();
                    if (message.backendChannel != null && Object.hasOwnProperty.call(message, "backendChannel"))
                        $root.ch.handover.v1.BackendChannel.encode(message.backendChannel, writer.uint32(/* id 8, wireType 2 =*/66).fork(), q + 1).ldelim();
                    if (message.begun != null && Object.hasOwnProperty.call(message, "begun"))
                        writer.uint32(/* id 9, wireType 2 =*/74).bytes(message.begun);
                    if (message.begunDescriptors != null && message.begunDescriptors.length) {
                        writer.uint32(/* id 10, wireType 2 =*/82).fork();
                        for (let i = 0; i < message.begunDescriptors.length; ++i)
                            writer.uint32(message.begunDescriptors[i]);
                        writer.ldelim();
                    }
                    if (message.log != null && Object.hasOwnProperty.call(message, "log"))
                        $root.ch.handover.v1.DirtyLog.encode(message.log, writer.uint32(/* id 11, wireType 2 =*/90).fork(), q + 1).ldelim();
                    return writer;
                };

                /**
                 * Decodes a Session message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.Session
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.Session} Session
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Session.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.Session();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.socket = reader.uint32();
                                break;
                            }
                        case 2: {
                                message.features = $root.ch.handover.v1.Bits.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 3: {
                                message.protocolFeatures = $root.ch.handover.v1.Bits.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 4: {
                                message.status = reader.uint32();
                                break;
                            }
                        case 5: {
                                if (!(message.regions && message.regions.length))
                                    message.regions = [];
                                message.regions.push($root.ch.handover.v1.Region.decode(reader, reader.uint32(), undefined, long + 1));
                                break;
                            }
                        case 6: {
                                if (!(message.rings && message.rings.length))
                                    message.rings = [];
                                message.rings.push($root.ch.handover.v1.Ring.decode(reader, reader.uint32(), undefined, long + 1));
                                break;
                            }
                        case 7: {
                                message.inflight = $root.ch.handover.v1.InflightArea.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 8: {
                                message.backendChannel = $root.ch.handover.v1.BackendChannel.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 9: {
                                message.begun = reader.bytes();
                                break;
                            }
                        case 10: {
                                if (!(message.begunDescriptors && message.begunDescriptors.length))
                                    message.begunDescriptors = [];
                                if ((tag & 7) === 2) {
                                    let end2 = reader.uint32() + reader.pos;
                                    if (end2 > reader.len)
                                        throw RangeError("index out of range");
                                    reader.len = end2;
                                    while (reader.pos < end2)
                                        message.begunDescriptors.push(reader.uint32());
                                    if (reader.pos !== end2)
                                        throw RangeError("index out of range");
                                    reader.len = end;
                                } else
                                    message.begunDescriptors.push(reader.uint32());
                                break;
                            }
                        case 11: {
                                message.log = $root.ch.handover.v1.DirtyLog.decode(reader, reader.uint32(), undefined, long + 1);
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

                return Session;
            })();

            v1.Bits = (function() {

                /**
                 * Properties of a Bits.
                 * @memberof ch.handover.v1
                 * @interface IBits
                 * @property {Array.<number>|null} [ones] Bits ones
                 */

                /**
                 * Constructs a new Bits.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a Bits.
                 * @implements IBits
                 * @constructor
                 * @param {ch.handover.v1.IBits=} [properties] Properties to set
                 */
                function Bits(properties) {
                    this.ones = [];
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Bits ones.
                 * @member {Array.<number>} ones
                 * @memberof ch.handover.v1.Bits
                 * @instance
                 */
                Bits.prototype.ones = $util.emptyArray;

                /**
                 * Creates a new Bits instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.Bits
                 * @static
                 * @param {ch.handover.v1.IBits=} [properties] Properties to set
                 * @returns {ch.handover.v1.Bits} Bits instance
                 */
                Bits.create = function create(properties) {
                    return new Bits(properties);
                };

                /**
                 * Encodes the specified Bits message. Does not implicitly {@link ch.handover.v1.Bits.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.Bits
                 * @static
                 * @param {ch.handover.v1.IBits} message Bits message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Bits.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.ones != null && message.ones.length) {
                        writer.uint32(/* id 1, wireType 2 =*/10).fork();
                        for (let i = 0; i < message.ones.length; ++i)
                            writer.uint32(message.ones[i]);
                        writer.ldelim();
                    }
                    return writer;
                };

                /**
                 * Decodes a Bits message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.Bits
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.Bits} Bits
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Bits.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.Bits();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                if (!(message.ones && message.ones.length))
                                    message.ones = [];
                                if ((tag & 7) === 2) {
                                    let end2 = reader.uint32() + reader.pos;
                                    if (end2 > reader.len)
                                        throw RangeError("index out of range");
                                    reader.len = end2;
                                    while (reader.pos < end2)
                                        message.ones.push(reader.uint32());
                                    if (reader.pos !== end2)
                                        throw RangeError("index out of range");
                                    reader.len = end;
                                } else
                                    message.ones.push(reader.uint32());
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

                return Bits;
            })();

            v1.Region = (function() {

                /**
                 * Properties of a Region.
                 * @memberof ch.handover.v1
                 * @interface IRegion
                 * @property {number|null} [guestStart] Region guestStart
                 * @property {number|null} [size] Region size
                 * @property {number|null} [frontendStart] Region frontendStart
                 * @property {number|null} [fileOffset] Region fileOffset
                 * @property {number|null} [file] Region file
                 */

                /**
                 * Constructs a new Region.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a Region.
                 * @implements IRegion
                 * @constructor
                 * @param {ch.handover.v1.IRegion=} [properties] Properties to set
                 */
                function Region(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Region guestStart.
                 * @member {number} guestStart
                 * @memberof ch.handover.v1.Region
                 * @instance
                 */
                Region.prototype.guestStart = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Region size.
                 * @member {number} size
                 * @memberof ch.handover.v1.Region
                 * @instance
                 */
                Region.prototype.size = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Region frontendStart.
                 * @member {number} frontendStart
                 * @memberof ch.handover.v1.Region
                 * @instance
                 */
                Region.prototype.frontendStart = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Region fileOffset.
                 * @member {number} fileOffset
                 * @memberof ch.handover.v1.Region
                 * @instance
                 */
                Region.prototype.fileOffset = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Region file.
                 * @member {number} file
                 * @memberof ch.handover.v1.Region
                 * @instance
                 */
                Region.prototype.file = 0;

                /**
                 * Creates a new Region instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.Region
                 * @static
                 * @param {ch.handover.v1.IRegion=} [properties] Properties to set
                 * @returns {ch.handover.v1.Region} Region instance
                 */
                Region.create = function create(properties) {
                    return new Region(properties);
                };

                /**
                 * Encodes the specified Region message. Does not implicitly {@link ch.handover.v1.Region.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.Region
                 * @static
                 * @param {ch.handover.v1.IRegion} message Region message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Region.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.guestStart != null && Object.hasOwnProperty.call(message, "guestStart"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.guestStart);
                    if (message.size != null && Object.hasOwnProperty.call(message, "size"))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.size);
                    if (message.frontendStart != null && Object.hasOwnProperty.call(message, "frontendStart"))
                        writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.frontendStart);
                    if (message.fileOffset != null && Object.hasOwnProperty.call(message, "fileOffset"))
                        writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.fileOffset);
                    if (message.file != null && Object.hasOwnProperty.call(message, "file"))
                        writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.file);
                    return writer;
                };

                /**
                 * Decodes a Region message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.Region
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.Region} Region
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Region.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.Region();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.guestStart = reader.uint64();
                                break;
                            }
                        case 2: {
                                message.size = reader.uint64();
                                break;
                            }
                        case 3: {
                                message.frontendStart = reader.uint64();
                                break;
                            }
                        case 4: {
                                message.fileOffset = reader.uint64();
                                break;
                            }
                        case 5: {
                                message.file = reader.uint32();
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

                return Region;
            })();

            v1.Ring = (function() {

                /**
                 * Properties of a Ring.
                 * @memberof ch.handover.v1
                 * @interface IRing
                 * @property {number|null} [size] Ring size
                 * @property {ch.handover.v1.IRingAddresses|null} [addresses] Ring addresses
                 * @property {number|null} [base] Ring base
                 * @property {boolean|null} [kickArrived] Ring kickArrived
                 * @property {boolean|null} [enabled] Ring enabled
                 * @property {number|null} [kick] Ring kick
                 * @property {number|null} [call] Ring call
                 * @property {number|null} [err] Ring err
                 */

                /**
                 * Constructs a new Ring.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a Ring.
                 * @implements IRing
                 * @constructor
                 * @param {ch.handover.v1.IRing=} [properties] Properties to set
                 */
                function Ring(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Ring size.
                 * @member {number} size
                 * @memberof ch.handover.v1.Ring
                 * @instance
                 */
                Ring.prototype.size = 0;

                /**
                 * Ring addresses.
                 * @member {ch.handover.v1.IRingAddresses|null|undefined} addresses
                 * @memberof ch.handover.v1.Ring
                 * @instance
                 */
                Ring.prototype.addresses = null;

                /**
                 * Ring base.
                 * @member {number} base
                 * @memberof ch.handover.v1.Ring
                 * @instance
                 */
                Ring.prototype.base = 0;

                /**
                 * Ring kickArrived.
                 * @member {boolean} kickArrived
                 * @memberof ch.handover.v1.Ring
                 * @instance
                 */
                Ring.prototype.kickArrived = false;

                /**
                 * Ring enabled.
                 * @member {boolean} enabled
                 * @memberof ch.handover.v1.Ring
                 * @instance
                 */
                Ring.prototype.enabled = false;

                /**
                 * Ring kick.
                 * @member {number} kick
                 * @memberof ch.handover.v1.Ring
                 * @instance
                 */
                Ring.prototype.kick = 0;

                /**
                 * Ring call.
                 * @member {number} call
                 * @memberof ch.handover.v1.Ring
                 * @instance
                 */
                Ring.prototype.call = 0;

                /**
                 * Ring err.
                 * @member {number} err
                 * @memberof ch.handover.v1.Ring
                 * @instance
                 */
                Ring.prototype.err = 0;

                /**
                 * Creates a new Ring instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.Ring
                 * @static
                 * @param {ch.handover.v1.IRing=} [properties] Properties to set
                 * @returns {ch.handover.v1.Ring} Ring instance
                 */
                Ring.create = function create(properties) {
                    return new Ring(properties);
                };

                /**
                 * Encodes the specified Ring message. Does not implicitly {@link ch.handover.v1.Ring.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.Ring
                 * @static
                 * @param {ch.handover.v1.IRing} message Ring message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Ring.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.size != null && Object.hasOwnProperty.call(message, "size"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.size);
                    if (message.addresses != null && Object.hasOwnProperty.call(message, "addresses"))
                        $root.ch.handover.v1.RingAddresses.encode(message.addresses, writer.uint32(/* id 2, wireType 2 =*/18).fork(), q + 1).ldelim();
                    if (message.base != null && Object.hasOwnProperty.call(message, "base"))
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.base);
                    if (message.kickArrived != null && Object.hasOwnProperty.call(message, "kickArrived"))
                        writer.uint32(/* id 4, wireType 0 =*/32).bool(message.kickArrived);
                    if (message.enabled != null && Object.hasOwnProperty.call(message, "enabled"))
                        writer.uint32(/* id 5, wireType 0 =*/40).bool(message.enabled);
                    if (message.kick != null && Object.hasOwnProperty.call(message, "kick"))
                        writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.kick);
                    if (message.call != null && Object.hasOwnProperty.call(message, "call"))
                        writer.uint32(/* id 7, wireType 0 =*/56).uint32(message.call);
                    if (message.err != null && Object.hasOwnProperty.call(message, "err"))
                        writer.uint32(/* id 8, wireType 0 =*/64).uint32(message.err);
                    return writer;
                };

                /**
                 * Decodes a Ring message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.Ring
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.Ring} Ring
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Ring.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.Ring();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.size = reader.uint32();
                                break;
                            }
                        case 2: {
                                message.addresses = $root.ch.handover.v1.RingAddresses.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 3: {
                                message.base = reader.uint32();
                                break;
                            }
                        case 4: {
                                message.kickArrived = reader.bool();
                                break;
                            }
                        case 5: {
                                message.enabled = reader.bool();
                                break;
                            }
                        case 6: {
                                message.kick = reader.uint32();
                                break;
                            }
                        case 7: {
                                message.call = reader.uint32();
                                break;
                            }
                        case 8: {
                                message.err = reader.uint32();
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

                return Ring;
            })();

            v1.RingAddresses = (function() {

                /**
                 * Properties of a RingAddresses.
                 * @memberof ch.handover.v1
                 * @interface IRingAddresses
                 * @property {number|null} [flags] RingAddresses flags
                 * @property {number|null} [descriptor] RingAddresses descriptor
                 * @property {number|null} [available] RingAddresses available
                 * @property {number|null} [used] RingAddresses used
                 * @property {number|null} [log] RingAddresses log
                 */

                /**
                 * Constructs a new RingAddresses.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a RingAddresses.
                 * @implements IRingAddresses
                 * @constructor
                 * @param {ch.handover.v1.IRingAddresses=} [properties] Properties to set
                 */
                function RingAddresses(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * RingAddresses flags.
                 * @member {number} flags
                 * @memberof ch.handover.v1.RingAddresses
                 * @instance
                 */
                RingAddresses.prototype.flags = 0;

                /**
                 * RingAddresses descriptor.
                 * @member {number} descriptor
                 * @memberof ch.handover.v1.RingAddresses
                 * @instance
                 */
                RingAddresses.prototype.descriptor = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * RingAddresses available.
                 * @member {number} available
                 * @memberof ch.handover.v1.RingAddresses
                 * @instance
                 */
                RingAddresses.prototype.available = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * RingAddresses used.
                 * @member {number} used
                 * @memberof ch.handover.v1.RingAddresses
                 * @instance
                 */
                RingAddresses.prototype.used = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * RingAddresses log.
                 * @member {number} log
                 * @memberof ch.handover.v1.RingAddresses
                 * @instance
                 */
                RingAddresses.prototype.log = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Creates a new RingAddresses instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.RingAddresses
                 * @static
                 * @param {ch.handover.v1.IRingAddresses=} [properties] Properties to set
                 * @returns {ch.handover.v1.RingAddresses} RingAddresses instance
                 */
                RingAddresses.create = function create(properties) {
                    return new RingAddresses(properties);
                };

                /**
                 * Encodes the specified RingAddresses message. Does not implicitly {@link ch.handover.v1.RingAddresses.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.RingAddresses
                 * @static
                 * @param {ch.handover.v1.IRingAddresses} message RingAddresses message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                RingAddresses.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.flags != null && Object.hasOwnProperty.call(message, "flags"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.flags);
                    if (message.descriptor != null && Object.hasOwnProperty.call(message, "descriptor"))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.descriptor);
                    if (message.available != null && Object.hasOwnProperty.call(message, "available"))
                        writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.available);
                    if (message.used != null && Object.hasOwnProperty.call(message, "used"))
                        writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.used);
                    if (message.log != null && Object.hasOwnProperty.call(message, "log"))
                        writer.uint32(/* id 5, wireType 0 =*/40).uint64(message.log);
                    return writer;
                };

                /**
                 * Decodes a RingAddresses message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.RingAddresses
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.RingAddresses} RingAddresses
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                RingAddresses.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.RingAddresses();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.flags = reader.uint32();
                                break;
                            }
                        case 2: {
                                message.descriptor = reader.uint64();
                                break;
                            }
                        case 3: {
                                message.available = reader.uint64();
                                break;
                            }
                        case 4: {
                                message.used = reader.uint64();
                                break;
                            }
                        case 5: {
                                message.log = reader.uint64();
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

                return RingAddresses;
            })();

            v1.DirtyLog = (function() {

                /**
                 * Properties of a DirtyLog.
                 * @memberof ch.handover.v1
                 * @interface IDirtyLog
                 * @property {number|null} [size] DirtyLog size
                 * @property {number|null} [fileOffset] DirtyLog fileOffset
                 * @property {number|null} [file] DirtyLog file
                 * @property {number|null} [call] DirtyLog call
                 */

                /**
                 * Constructs a new DirtyLog.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a DirtyLog.
                 * @implements IDirtyLog
                 * @constructor
                 * @param {ch.handover.v1.IDirtyLog=} [properties] Properties to set
                 */
                function DirtyLog(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * DirtyLog size.
                 * @member {number} size
                 * @memberof ch.handover.v1.DirtyLog
                 * @instance
                 */
                DirtyLog.prototype.size = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * DirtyLog fileOffset.
                 * @member {number} fileOffset
                 * @memberof ch.handover.v1.DirtyLog
                 * @instance
                 */
                DirtyLog.prototype.fileOffset = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * DirtyLog file.
                 * @member {number} file
                 * @memberof ch.handover.v1.DirtyLog
                 * @instance
                 */
                DirtyLog.prototype.file = 0;

                /**
                 * DirtyLog call.
                 * @member {number} call
                 * @memberof ch.handover.v1.DirtyLog
                 * @instance
                 */
                DirtyLog.prototype.call = 0;

                /**
                 * Creates a new DirtyLog instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.DirtyLog
                 * @static
                 * @param {ch.handover.v1.IDirtyLog=} [properties] Properties to set
                 * @returns {ch.handover.v1.DirtyLog} DirtyLog instance
                 */
                DirtyLog.create = function create(properties) {
                    return new DirtyLog(properties);
                };

                /**
                 * Encodes the specified DirtyLog message. Does not implicitly {@link ch.handover.v1.DirtyLog.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.DirtyLog
                 * @static
                 * @param {ch.handover.v1.IDirtyLog} message DirtyLog message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                DirtyLog.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.size != null && Object.hasOwnProperty.call(message, "size"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.size);
                    if (message.fileOffset != null && Object.hasOwnProperty.call(message, "fileOffset"))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.fileOffset);
                    if (message.file != null && Object.hasOwnProperty.call(message, "file"))
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.file);
                    if (message.call != null && Object.hasOwnProperty.call(message, "call"))
                        writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.call);
                    return writer;
                };

                /**
                 * Decodes a DirtyLog message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.DirtyLog
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.DirtyLog} DirtyLog
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                DirtyLog.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.DirtyLog();
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
                                message.fileOffset = reader.uint64();
                                break;
                            }
                        case 3: {
                                message.file = reader.uint32();
                                break;
                            }
                        case 4: {
                                message.call = reader.uint32();
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

                return DirtyLog;
            })();

            v1.InflightArea = (function() {

                /**
                 * Properties of an InflightArea.
                 * @memberof ch.handover.v1
                 * @interface IInflightArea
                 * @property {number|null} [size] InflightArea size
                 * @property {number|null} [fileOffset] InflightArea fileOffset
                 * @property {number|null} [queueCount] InflightArea queueCount
                 * @property {number|null} [queueSize] InflightArea queueSize
                 * @property {number|null} [file] InflightArea file
                 */

                /**
                 * Constructs a new InflightArea.
                 * @memberof ch.handover.v1
                 * @classdesc Represents an InflightArea.
                 * @implements IInflightArea
                 * @constructor
                 * @param {ch.handover.v1.IInflightArea=} [properties] Properties to set
                 */
                function InflightArea(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * InflightArea size.
                 * @member {number} size
                 * @memberof ch.handover.v1.InflightArea
                 * @instance
                 */
                InflightArea.prototype.size = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * InflightArea fileOffset.
                 * @member {number} fileOffset
                 * @memberof ch.handover.v1.InflightArea
                 * @instance
                 */
                InflightArea.prototype.fileOffset = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * InflightArea queueCount.
                 * @member {number} queueCount
                 * @memberof ch.handover.v1.InflightArea
                 * @instance
                 */
                InflightArea.prototype.queueCount = 0;

                /**
                 * InflightArea queueSize.
                 * @member {number} queueSize
                 * @memberof ch.handover.v1.InflightArea
                 * @instance
                 */
                InflightArea.prototype.queueSize = 0;

                /**
                 * InflightArea file.
                 * @member {number} file
                 * @memberof ch.handover.v1.InflightArea
                 * @instance
                 */
                InflightArea.prototype.file = 0;

                /**
                 * Creates a new InflightArea instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.InflightArea
                 * @static
                 * @param {ch.handover.v1.IInflightArea=} [properties] Properties to set
                 * @returns {ch.handover.v1.InflightArea} InflightArea instance
                 */
                InflightArea.create = function create(properties) {
                    return new InflightArea(properties);
                };

                /**
                 * Encodes the specified InflightArea message. Does not implicitly {@link ch.handover.v1.InflightArea.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.InflightArea
                 * @static
                 * @param {ch.handover.v1.IInflightArea} message InflightArea message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                InflightArea.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.size != null && Object.hasOwnProperty.call(message, "size"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.size);
                    if (message.fileOffset != null && Object.hasOwnProperty.call(message, "fileOffset"))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.fileOffset);
                    if (message.queueCount != null && Object.hasOwnProperty.call(message, "queueCount"))
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.queueCount);
                    if (message.queueSize != null && Object.hasOwnProperty.call(message, "queueSize"))
                        writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.queueSize);
                    if (message.file != null && Object.hasOwnProperty.call(message, "file"))
                        writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.file);
                    return writer;
                };

                /**
                 * Decodes an InflightArea message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.InflightArea
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.InflightArea} InflightArea
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                InflightArea.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.InflightArea();
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
                                message.fileOffset = reader.uint64();
                                break;
                            }
                        case 3: {
                                message.queueCount = reader.uint32();
                                break;
                            }
                        case 4: {
                                message.queueSize = reader.uint32();
                                break;
                            }
                        case 5: {
                                message.file = reader.uint32();
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

                return InflightArea;
            })();

            v1.BackendChannel = (function() {

                /**
                 * Properties of a BackendChannel.
                 * @memberof ch.handover.v1
                 * @interface IBackendChannel
                 * @property {number|null} [socket] BackendChannel socket
                 * @property {boolean|null} [configChanged] BackendChannel configChanged
                 */

                /**
                 * Constructs a new BackendChannel.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a BackendChannel.
                 * @implements IBackendChannel
                 * @constructor
                 * @param {ch.handover.v1.IBackendChannel=} [properties] Properties to set
                 */
                function BackendChannel(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * BackendChannel socket.
                 * @member {number} socket
                 * @memberof ch.handover.v1.BackendChannel
                 * @instance
                 */
                BackendChannel.prototype.socket = 0;

                /**
                 * BackendChannel configChanged.
                 * @member {boolean} configChanged
                 * @memberof ch.handover.v1.BackendChannel
                 * @instance
                 */
                BackendChannel.prototype.configChanged = false;

                /**
                 * Creates a new BackendChannel instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.BackendChannel
                 * @static
                 * @param {ch.handover.v1.IBackendChannel=} [properties] Properties to set
                 * @returns {ch.handover.v1.BackendChannel} BackendChannel instance
                 */
                BackendChannel.create = function create(properties) {
                    return new BackendChannel(properties);
                };

                /**
                 * Encodes the specified BackendChannel message. Does not implicitly {@link ch.handover.v1.BackendChannel.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.BackendChannel
                 * @static
                 * @param {ch.handover.v1.IBackendChannel} message BackendChannel message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                BackendChannel.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.socket != null && Object.hasOwnProperty.call(message, "socket"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.socket);
                    if (message.configChanged != null && Object.hasOwnProperty.call(message, "configChanged"))
                        writer.uint32(/* id 2, wireType 0 =*/16).bool(message.configChanged);
                    return writer;
                };

                /**
                 * Decodes a BackendChannel message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.BackendChannel
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.BackendChannel} BackendChannel
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                BackendChannel.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.BackendChannel();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.socket = reader.uint32();
                                break;
                            }
                        case 2: {
                                message.configChanged = reader.bool();
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

                return BackendChannel;
            })();

            v1.DeviceState = (function() {

                /**
                 * Properties of a DeviceState.
                 * @memberof ch.handover.v1
                 * @interface IDeviceState
                 * @property {number|null} [size] DeviceState size
                 * @property {boolean|null} [drained] DeviceState drained
                 * @property {ch.handover.v1.ILimits|null} [limits] DeviceState limits
                 * @property {boolean|null} [writeThrough] DeviceState writeThrough
                 * @property {number|null} [generation] DeviceState generation
                 * @property {ch.handover.v1.ICounters|null} [counters] DeviceState counters
                 * @property {string|null} [imageIdentity] DeviceState imageIdentity
                 * @property {ch.handover.v1.ILimitsFill|null} [limitsFill] DeviceState limitsFill
                 */

                /**
                 * Constructs a new DeviceState.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a DeviceState.
                 * @implements IDeviceState
                 * @constructor
                 * @param {ch.handover.v1.IDeviceState=} [properties] Properties to set
                 */
                function DeviceState(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * DeviceState size.
                 * @member {number} size
                 * @memberof ch.handover.v1.DeviceState
                 * @instance
                 */
                DeviceState.prototype.size = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * DeviceState drained.
                 * @member {boolean} drained
                 * @memberof ch.handover.v1.DeviceState
                 * @instance
                 */
                DeviceState.prototype.drained = false;

                /**
                 * DeviceState limits.
                 * @member {ch.handover.v1.ILimits|null|undefined} limits
                 * @memberof ch.handover.v1.DeviceState
                 * @instance
                 */
                DeviceState.prototype.limits = null;

                /**
                 * DeviceState writeThrough.
                 * @member {boolean} writeThrough
                 * @memberof ch.handover.v1.DeviceState
                 * @instance
                 */
                DeviceState.prototype.writeThrough = false;

                /**
                 * DeviceState generation.
                 * @member {number} generation
                 * @memberof ch.handover.v1.DeviceState
                 * @instance
                 */
                DeviceState.prototype.generation = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * DeviceState counters.
                 * @member {ch.handover.v1.ICounters|null|undefined} counters
                 * @memberof ch.handover.v1.DeviceState
                 * @instance
                 */
                DeviceState.prototype.counters = null;

                /**
                 * DeviceState imageIdentity.
                 * @member {string} imageIdentity
                 * @memberof ch.handover.v1.DeviceState
                 * @instance
                 */
                DeviceState.prototype.imageIdentity = "";

                /**
                 * DeviceState limitsFill.
                 * @member {ch.handover.v1.ILimitsFill|null|undefined} limitsFill
                 * @memberof ch.handover.v1.DeviceState
                 * @instance
                 */
                DeviceState.prototype.limitsFill = null;

                /**
                 * Creates a new DeviceState instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.DeviceState
                 * @static
                 * @param {ch.handover.v1.IDeviceState=} [properties] Properties to set
                 * @returns {ch.handover.v1.DeviceState} DeviceState instance
                 */
                DeviceState.create = function create(properties) {
                    return new DeviceState(properties);
                };

                /**
                 * Encodes the specified DeviceState message. Does not implicitly {@link ch.handover.v1.DeviceState.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.DeviceState
                 * @static
                 * @param {ch.handover.v1.IDeviceState} message DeviceState message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                DeviceState.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.size != null && Object.hasOwnProperty.call(message, "size"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.size);
                    if (message.drained != null && Object.hasOwnProperty.call(message, "drained"))
                        writer.uint32(/* id 2, wireType 0 =*/16).bool(message.drained);
                    if (message.limits != null && Object.hasOwnProperty.call(message, "limits"))
                        $root.ch.handover.v1.Limits.encode(message.limits, writer.uint32(/* id 3, wireType 2 =*/26).fork(), q + 1).ldelim();
                    if (message.writeThrough != null && Object.hasOwnProperty.call(message, "writeThrough"))
                        writer.uint32(/* id 4, wireType 0 =*/32).bool(message.writeThrough);
                    if (message.generation != null && Object.hasOwnProperty.call(message, "generation"))
                        writer.uint32(/* id 5, wireType 0 =*/40).uint64(message.generation);
                    if (message.counters != null && Object.hasOwnProperty.call(message, "counters"))
                        $root.ch.handover.v1.Counters.encode(message.counters, writer.uint32(/* id 6, wireType 2 =*/50).fork(), q + 1).ldelim();
                    if (message.imageIdentity != null && Object.hasOwnProperty.call(message, "imageIdentity"))
                        writer.uint32(/* id 7, wireType 2 =*/58).string(message.imageIdentity);
                    if (message.limitsFill != null && Object.hasOwnProperty.call(message, "limitsFill"))
                        $root.ch.handover.v1.LimitsFill.encode(message.limitsFill, writer.uint32(/* id 8, wireType 2 =*/66).fork(), q + 1).ldelim();
                    return writer;
                };

                /**
                 * Decodes a DeviceState message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.DeviceState
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.DeviceState} DeviceState
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                DeviceState.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.DeviceState();
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
                                message.drained = reader.bool();
                                break;
                            }
                        case 3: {
                                message.limits = $root.ch.handover.v1.Limits.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 4: {
                                message.writeThrough = reader.bool();
                                break;
                            }
                        case 5: {
                                message.generation = reader.uint64();
                                break;
                            }
                        case 6: {
                                message.counters = $root.ch.handover.v1.Counters.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 7: {
                                message.imageIdentity = reader.string();
                                break;
                            }
                        case 8: {
                                message.limitsFill = $root.ch.handover.v1.LimitsFill.decode(reader, reader.uint32(), undefined, long + 1);
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

                return DeviceState;
            })();

            v1.LimitsFill = (function() {

                /**
                 * Properties of a LimitsFill.
                 * @memberof ch.handover.v1
                 * @interface ILimitsFill
                 * @property {ch.handover.v1.IBucketFill|null} [bandwidth] LimitsFill bandwidth
                 * @property {ch.handover.v1.IBucketFill|null} [ops] LimitsFill ops
                 */

                /**
                 * Constructs a new LimitsFill.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a LimitsFill.
                 * @implements ILimitsFill
                 * @constructor
                 * @param {ch.handover.v1.ILimitsFill=} [properties] Properties to set
                 */
                function LimitsFill(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * LimitsFill bandwidth.
                 * @member {ch.handover.v1.IBucketFill|null|undefined} bandwidth
                 * @memberof ch.handover.v1.LimitsFill
                 * @instance
                 */
                LimitsFill.prototype.bandwidth = null;

                /**
                 * LimitsFill ops.
                 * @member {ch.handover.v1.IBucketFill|null|undefined} ops
                 * @memberof ch.handover.v1.LimitsFill
                 * @instance
                 */
                LimitsFill.prototype.ops = null;

                /**
                 * Creates a new LimitsFill instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.LimitsFill
                 * @static
                 * @param {ch.handover.v1.ILimitsFill=} [properties] Properties to set
                 * @returns {ch.handover.v1.LimitsFill} LimitsFill instance
                 */
                LimitsFill.create = function create(properties) {
                    return new LimitsFill(properties);
                };

                /**
                 * Encodes the specified LimitsFill message. Does not implicitly {@link ch.handover.v1.LimitsFill.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.LimitsFill
                 * @static
                 * @param {ch.handover.v1.ILimitsFill} message LimitsFill message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                LimitsFill.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.bandwidth != null && Object.hasOwnProperty.call(message, "bandwidth"))
                        $root.ch.handover.v1.BucketFill.encode(message.bandwidth, writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                    if (message.ops != null && Object.hasOwnProperty.call(message, "ops"))
                        $root.ch.handover.v1.BucketFill.encode(message.ops, writer.uint32(/* id 2, wireType 2 =*/18).fork(), q + 1).ldelim();
                    return writer;
                };

                /**
                 * Decodes a LimitsFill message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.LimitsFill
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.LimitsFill} LimitsFill
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                LimitsFill.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.LimitsFill();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.bandwidth = $root.ch.handover.v1.BucketFill.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 2: {
                                message.ops = $root.ch.handover.v1.BucketFill.decode(reader, reader.uint32(), undefined, long + 1);
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

                return LimitsFill;
            })();

            v1.BucketFill = (function() {

                /**
                 * Properties of a BucketFill.
                 * @memberof ch.handover.v1
                 * @interface IBucketFill
                 * @property {number|null} [tokens] BucketFill tokens
                 * @property {number|null} [burst] BucketFill burst
                 */

                /**
                 * Constructs a new BucketFill.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a BucketFill.
                 * @implements IBucketFill
                 * @constructor
                 * @param {ch.handover.v1.IBucketFill=} [properties] Properties to set
                 */
                function BucketFill(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * BucketFill tokens.
                 * @member {number} tokens
                 * @memberof ch.handover.v1.BucketFill
                 * @instance
                 */
                BucketFill.prototype.tokens = 0;

                /**
                 * BucketFill burst.
                 * @member {number} burst
                 * @memberof ch.handover.v1.BucketFill
                 * @instance
                 */
                BucketFill.prototype.burst = 0;

                /**
                 * Creates a new BucketFill instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.BucketFill
                 * @static
                 * @param {ch.handover.v1.IBucketFill=} [properties] Properties to set
                 * @returns {ch.handover.v1.BucketFill} BucketFill instance
                 */
                BucketFill.create = function create(properties) {
                    return new BucketFill(properties);
                };

                /**
                 * Encodes the specified BucketFill message. Does not implicitly {@link ch.handover.v1.BucketFill.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.BucketFill
                 * @static
                 * @param {ch.handover.v1.IBucketFill} message BucketFill message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                BucketFill.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.tokens != null && Object.hasOwnProperty.call(message, "tokens"))
                        writer.uint32(/* id 1, wireType 1 =*/9).double(message.tokens);
                    if (message.burst != null && Object.hasOwnProperty.call(message, "burst"))
                        writer.uint32(/* id 2, wireType 1 =*/17).double(message.burst);
                    return writer;
                };

                /**
                 * Decodes a BucketFill message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.BucketFill
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.BucketFill} BucketFill
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                BucketFill.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.BucketFill();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.tokens = reader.double();
                                break;
                            }
                        case 2: {
                                message.burst = reader.double();
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

                return BucketFill;
            })();

            v1.Limits = (function() {

                /**
                 * Properties of a Limits.
                 * @memberof ch.handover.v1
                 * @interface ILimits
                 * @property {ch.handover.v1.ITokenBucket|null} [bandwidth] Limits bandwidth
                 * @property {ch.handover.v1.ITokenBucket|null} [ops] Limits ops
                 */

                /**
                 * Constructs a new Limits.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a Limits.
                 * @implements ILimits
                 * @constructor
                 * @param {ch.handover.v1.ILimits=} [properties] Properties to set
                 */
                function Limits(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Limits bandwidth.
                 * @member {ch.handover.v1.ITokenBucket|null|undefined} bandwidth
                 * @memberof ch.handover.v1.Limits
                 * @instance
                 */
                Limits.prototype.bandwidth = null;

                /**
                 * Limits ops.
                 * @member {ch.handover.v1.ITokenBucket|null|undefined} ops
                 * @memberof ch.handover.v1.Limits
                 * @instance
                 */
                Limits.prototype.ops = null;

                /**
                 * Creates a new Limits instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.Limits
                 * @static
                 * @param {ch.handover.v1.ILimits=} [properties] Properties to set
                 * @returns {ch.handover.v1.Limits} Limits instance
                 */
                Limits.create = function create(properties) {
                    return new Limits(properties);
                };

                /**
                 * Encodes the specified Limits message. Does not implicitly {@link ch.handover.v1.Limits.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.Limits
                 * @static
                 * @param {ch.handover.v1.ILimits} message Limits message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Limits.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.bandwidth != null && Object.hasOwnProperty.call(message, "bandwidth"))
                        $root.ch.handover.v1.TokenBucket.encode(message.bandwidth, writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                    if (message.ops != null && Object.hasOwnProperty.call(message, "ops"))
                        $root.ch.handover.v1.TokenBucket.encode(message.ops, writer.uint32(/* id 2, wireType 2 =*/18).fork(), q + 1).ldelim();
                    return writer;
                };

                /**
                 * Decodes a Limits message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.Limits
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.Limits} Limits
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Limits.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.Limits();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.bandwidth = $root.ch.handover.v1.TokenBucket.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 2: {
                                message.ops = $root.ch.handover.v1.TokenBucket.decode(reader, reader.uint32(), undefined, long + 1);
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

                return Limits;
            })();

            v1.TokenBucket = (function() {

                /**
                 * Properties of a TokenBucket.
                 * @memberof ch.handover.v1
                 * @interface ITokenBucket
                 * @property {number|null} [size] TokenBucket size
                 * @property {number|null} [oneTimeBurst] TokenBucket oneTimeBurst
                 * @property {number|null} [refillMs] TokenBucket refillMs
                 */

                /**
                 * Constructs a new TokenBucket.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a TokenBucket.
                 * @implements ITokenBucket
                 * @constructor
                 * @param {ch.handover.v1.ITokenBucket=} [properties] Properties to set
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
                 * @memberof ch.handover.v1.TokenBucket
                 * @instance
                 */
                TokenBucket.prototype.size = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * TokenBucket oneTimeBurst.
                 * @member {number} oneTimeBurst
                 * @memberof ch.handover.v1.TokenBucket
                 * @instance
                 */
                TokenBucket.prototype.oneTimeBurst = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * TokenBucket refillMs.
                 * @member {number} refillMs
                 * @memberof ch.handover.v1.TokenBucket
                 * @instance
                 */
                TokenBucket.prototype.refillMs = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Creates a new TokenBucket instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.TokenBucket
                 * @static
                 * @param {ch.handover.v1.ITokenBucket=} [properties] Properties to set
                 * @returns {ch.handover.v1.TokenBucket} TokenBucket instance
                 */
                TokenBucket.create = function create(properties) {
                    return new TokenBucket(properties);
                };

                /**
                 * Encodes the specified TokenBucket message. Does not implicitly {@link ch.handover.v1.TokenBucket.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.TokenBucket
                 * @static
                 * @param {ch.handover.v1.ITokenBucket} message TokenBucket message or plain object to encode
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
                 * @memberof ch.handover.v1.TokenBucket
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.TokenBucket} TokenBucket
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
                    message = new $root.ch.handover.v1.TokenBucket();
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

            v1.Counters = (function() {

                /**
                 * Properties of a Counters.
                 * @memberof ch.handover.v1
                 * @interface ICounters
                 * @property {number|null} [sinceMs] Counters sinceMs
                 * @property {number|null} [ringFaults] Counters ringFaults
                 * @property {number|null} [droppedChains] Counters droppedChains
                 * @property {number|null} [throttledEvents] Counters throttledEvents
                 * @property {number|null} [throttledUs] Counters throttledUs
                 * @property {Array.<ch.handover.v1.IOperationCounters>|null} [operations] Counters operations
                 */

                /**
                 * Constructs a new Counters.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a Counters.
                 * @implements ICounters
                 * @constructor
                 * @param {ch.handover.v1.ICounters=} [properties] Properties to set
                 */
                function Counters(properties) {
                    this.operations = [];
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Counters sinceMs.
                 * @member {number} sinceMs
                 * @memberof ch.handover.v1.Counters
                 * @instance
                 */
                Counters.prototype.sinceMs = 0;

                /**
                 * Counters ringFaults.
                 * @member {number} ringFaults
                 * @memberof ch.handover.v1.Counters
                 * @instance
                 */
                Counters.prototype.ringFaults = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Counters droppedChains.
                 * @member {number} droppedChains
                 * @memberof ch.handover.v1.Counters
                 * @instance
                 */
                Counters.prototype.droppedChains = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Counters throttledEvents.
                 * @member {number} throttledEvents
                 * @memberof ch.handover.v1.Counters
                 * @instance
                 */
                Counters.prototype.throttledEvents = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Counters throttledUs.
                 * @member {number} throttledUs
                 * @memberof ch.handover.v1.Counters
                 * @instance
                 */
                Counters.prototype.throttledUs = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Counters operations.
                 * @member {Array.<ch.handover.v1.IOperationCounters>} operations
                 * @memberof ch.handover.v1.Counters
                 * @instance
                 */
                Counters.prototype.operations = $util.emptyArray;

                /**
                 * Creates a new Counters instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.Counters
                 * @static
                 * @param {ch.handover.v1.ICounters=} [properties] Properties to set
                 * @returns {ch.handover.v1.Counters} Counters instance
                 */
                Counters.create = function create(properties) {
                    return new Counters(properties);
                };

                /**
                 * Encodes the specified Counters message. Does not implicitly {@link ch.handover.v1.Counters.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.Counters
                 * @static
                 * @param {ch.handover.v1.ICounters} message Counters message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Counters.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.sinceMs != null && Object.hasOwnProperty.call(message, "sinceMs"))
                        writer.uint32(/* id 1, wireType 1 =*/9).double(message.sinceMs);
                    if (message.ringFaults != null && Object.hasOwnProperty.call(message, "ringFaults"))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.ringFaults);
                    if (message.droppedChains != null && Object.hasOwnProperty.call(message, "droppedChains"))
                        writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.droppedChains);
                    if (message.throttledEvents != null && Object.hasOwnProperty.call(message, "throttledEvents"))
                        writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.throttledEvents);
                    if (message.throttledUs != null && Object.hasOwnProperty.call(message, "throttledUs"))
                        writer.uint32(/* id 5, wireType 0 =*/40).uint64(message.throttledUs);
                    if (message.operations != null && message.operations.length)
                        for (let i = 0; i < message.operations.length; ++i)
                            $root.ch.handover.v1.OperationCounters.encode(message.operations[i], writer.uint32(/* id 6, wireType 2 =*/50).fork(), q + 1).ldelim();
                    return writer;
                };

                /**
                 * Decodes a Counters message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.Counters
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.Counters} Counters
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Counters.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.Counters();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.sinceMs = reader.double();
                                break;
                            }
                        case 2: {
                                message.ringFaults = reader.uint64();
                                break;
                            }
                        case 3: {
                                message.droppedChains = reader.uint64();
                                break;
                            }
                        case 4: {
                                message.throttledEvents = reader.uint64();
                                break;
                            }
                        case 5: {
                                message.throttledUs = reader.uint64();
                                break;
                            }
                        case 6: {
                                if (!(message.operations && message.operations.length))
                                    message.operations = [];
                                message.operations.push($root.ch.handover.v1.OperationCounters.decode(reader, reader.uint32(), undefined, long + 1));
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

                return Counters;
            })();

            v1.OperationCounters = (function() {

                /**
                 * Properties of an OperationCounters.
                 * @memberof ch.handover.v1
                 * @interface IOperationCounters
                 * @property {string|null} [name] OperationCounters name
                 * @property {number|null} [bytes] OperationCounters bytes
                 * @property {number|null} [errors] OperationCounters errors
                 * @property {number|null} [sumUs] OperationCounters sumUs
                 * @property {Array.<ch.handover.v1.ILatencyBucket>|null} [buckets] OperationCounters buckets
                 */

                /**
                 * Constructs a new OperationCounters.
                 * @memberof ch.handover.v1
                 * @classdesc Represents an OperationCounters.
                 * @implements IOperationCounters
                 * @constructor
                 * @param {ch.handover.v1.IOperationCounters=} [properties] Properties to set
                 */
                function OperationCounters(properties) {
                    this.buckets = [];
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * OperationCounters name.
                 * @member {string} name
                 * @memberof ch.handover.v1.OperationCounters
                 * @instance
                 */
                OperationCounters.prototype.name = "";

                /**
                 * OperationCounters bytes.
                 * @member {number} bytes
                 * @memberof ch.handover.v1.OperationCounters
                 * @instance
                 */
                OperationCounters.prototype.bytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * OperationCounters errors.
                 * @member {number} errors
                 * @memberof ch.handover.v1.OperationCounters
                 * @instance
                 */
                OperationCounters.prototype.errors = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * OperationCounters sumUs.
                 * @member {number} sumUs
                 * @memberof ch.handover.v1.OperationCounters
                 * @instance
                 */
                OperationCounters.prototype.sumUs = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * OperationCounters buckets.
                 * @member {Array.<ch.handover.v1.ILatencyBucket>} buckets
                 * @memberof ch.handover.v1.OperationCounters
                 * @instance
                 */
                OperationCounters.prototype.buckets = $util.emptyArray;

                /**
                 * Creates a new OperationCounters instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.OperationCounters
                 * @static
                 * @param {ch.handover.v1.IOperationCounters=} [properties] Properties to set
                 * @returns {ch.handover.v1.OperationCounters} OperationCounters instance
                 */
                OperationCounters.create = function create(properties) {
                    return new OperationCounters(properties);
                };

                /**
                 * Encodes the specified OperationCounters message. Does not implicitly {@link ch.handover.v1.OperationCounters.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.OperationCounters
                 * @static
                 * @param {ch.handover.v1.IOperationCounters} message OperationCounters message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                OperationCounters.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.name != null && Object.hasOwnProperty.call(message, "name"))
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                    if (message.bytes != null && Object.hasOwnProperty.call(message, "bytes"))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.bytes);
                    if (message.errors != null && Object.hasOwnProperty.call(message, "errors"))
                        writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.errors);
                    if (message.sumUs != null && Object.hasOwnProperty.call(message, "sumUs"))
                        writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.sumUs);
                    if (message.buckets != null && message.buckets.length)
                        for (let i = 0; i < message.buckets.length; ++i)
                            $root.ch.handover.v1.LatencyBucket.encode(message.buckets[i], writer.uint32(/* id 5, wireType 2 =*/42).fork(), q + 1).ldelim();
                    return writer;
                };

                /**
                 * Decodes an OperationCounters message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.OperationCounters
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.OperationCounters} OperationCounters
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                OperationCounters.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.OperationCounters();
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
                                message.bytes = reader.uint64();
                                break;
                            }
                        case 3: {
                                message.errors = reader.uint64();
                                break;
                            }
                        case 4: {
                                message.sumUs = reader.uint64();
                                break;
                            }
                        case 5: {
                                if (!(message.buckets && message.buckets.length))
                                    message.buckets = [];
                                message.buckets.push($root.ch.handover.v1.LatencyBucket.decode(reader, reader.uint32(), undefined, long + 1));
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

                return OperationCounters;
            })();

            v1.LatencyBucket = (function() {

                /**
                 * Properties of a LatencyBucket.
                 * @memberof ch.handover.v1
                 * @interface ILatencyBucket
                 * @property {number|null} [upToUs] LatencyBucket upToUs
                 * @property {number|null} [count] LatencyBucket count
                 */

                /**
                 * Constructs a new LatencyBucket.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a LatencyBucket.
                 * @implements ILatencyBucket
                 * @constructor
                 * @param {ch.handover.v1.ILatencyBucket=} [properties] Properties to set
                 */
                function LatencyBucket(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * LatencyBucket upToUs.
                 * @member {number} upToUs
                 * @memberof ch.handover.v1.LatencyBucket
                 * @instance
                 */
                LatencyBucket.prototype.upToUs = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * LatencyBucket count.
                 * @member {number} count
                 * @memberof ch.handover.v1.LatencyBucket
                 * @instance
                 */
                LatencyBucket.prototype.count = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Creates a new LatencyBucket instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.LatencyBucket
                 * @static
                 * @param {ch.handover.v1.ILatencyBucket=} [properties] Properties to set
                 * @returns {ch.handover.v1.LatencyBucket} LatencyBucket instance
                 */
                LatencyBucket.create = function create(properties) {
                    return new LatencyBucket(properties);
                };

                /**
                 * Encodes the specified LatencyBucket message. Does not implicitly {@link ch.handover.v1.LatencyBucket.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.LatencyBucket
                 * @static
                 * @param {ch.handover.v1.ILatencyBucket} message LatencyBucket message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                LatencyBucket.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.upToUs != null && Object.hasOwnProperty.call(message, "upToUs"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.upToUs);
                    if (message.count != null && Object.hasOwnProperty.call(message, "count"))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.count);
                    return writer;
                };

                /**
                 * Decodes a LatencyBucket message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.LatencyBucket
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.LatencyBucket} LatencyBucket
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                LatencyBucket.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.LatencyBucket();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.upToUs = reader.uint64();
                                break;
                            }
                        case 2: {
                                message.count = reader.uint64();
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

                return LatencyBucket;
            })();

            v1.FromSuccessor = (function() {

                /**
                 * Properties of a FromSuccessor.
                 * @memberof ch.handover.v1
                 * @interface IFromSuccessor
                 * @property {ch.handover.v1.IReady|null} [ready] FromSuccessor ready
                 * @property {ch.handover.v1.IRefused|null} [refused] FromSuccessor refused
                 * @property {ch.handover.v1.IServing|null} [serving] FromSuccessor serving
                 */

                /**
                 * Constructs a new FromSuccessor.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a FromSuccessor.
                 * @implements IFromSuccessor
                 * @constructor
                 * @param {ch.handover.v1.IFromSuccessor=} [properties] Properties to set
                 */
                function FromSuccessor(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * FromSuccessor ready.
                 * @member {ch.handover.v1.IReady|null|undefined} ready
                 * @memberof ch.handover.v1.FromSuccessor
                 * @instance
                 */
                FromSuccessor.prototype.ready = null;

                /**
                 * FromSuccessor refused.
                 * @member {ch.handover.v1.IRefused|null|undefined} refused
                 * @memberof ch.handover.v1.FromSuccessor
                 * @instance
                 */
                FromSuccessor.prototype.refused = null;

                /**
                 * FromSuccessor serving.
                 * @member {ch.handover.v1.IServing|null|undefined} serving
                 * @memberof ch.handover.v1.FromSuccessor
                 * @instance
                 */
                FromSuccessor.prototype.serving = null;

                // OneOf field names bound to virtual getters and setters
                let $oneOfFields;

                /**
                 * FromSuccessor message.
                 * @member {"ready"|"refused"|"serving"|undefined} message
                 * @memberof ch.handover.v1.FromSuccessor
                 * @instance
                 */
                Object.defineProperty(FromSuccessor.prototype, "message", {
                    get: $util.oneOfGetter($oneOfFields = ["ready", "refused", "serving"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                /**
                 * Creates a new FromSuccessor instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.FromSuccessor
                 * @static
                 * @param {ch.handover.v1.IFromSuccessor=} [properties] Properties to set
                 * @returns {ch.handover.v1.FromSuccessor} FromSuccessor instance
                 */
                FromSuccessor.create = function create(properties) {
                    return new FromSuccessor(properties);
                };

                /**
                 * Encodes the specified FromSuccessor message. Does not implicitly {@link ch.handover.v1.FromSuccessor.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.FromSuccessor
                 * @static
                 * @param {ch.handover.v1.IFromSuccessor} message FromSuccessor message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                FromSuccessor.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.ready != null && Object.hasOwnProperty.call(message, "ready"))
                        $root.ch.handover.v1.Ready.encode(message.ready, writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                    if (message.refused != null && Object.hasOwnProperty.call(message, "refused"))
                        $root.ch.handover.v1.Refused.encode(message.refused, writer.uint32(/* id 2, wireType 2 =*/18).fork(), q + 1).ldelim();
                    if (message.serving != null && Object.hasOwnProperty.call(message, "serving"))
                        $root.ch.handover.v1.Serving.encode(message.serving, writer.uint32(/* id 3, wireType 2 =*/26).fork(), q + 1).ldelim();
                    return writer;
                };

                /**
                 * Decodes a FromSuccessor message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.FromSuccessor
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.FromSuccessor} FromSuccessor
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                FromSuccessor.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.FromSuccessor();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.ready = $root.ch.handover.v1.Ready.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 2: {
                                message.refused = $root.ch.handover.v1.Refused.decode(reader, reader.uint32(), undefined, long + 1);
                                break;
                            }
                        case 3: {
                                message.serving = $root.ch.handover.v1.Serving.decode(reader, reader.uint32(), undefined, long + 1);
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

                return FromSuccessor;
            })();

            v1.Ready = (function() {

                /**
                 * Properties of a Ready.
                 * @memberof ch.handover.v1
                 * @interface IReady
                 */

                /**
                 * Constructs a new Ready.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a Ready.
                 * @implements IReady
                 * @constructor
                 * @param {ch.handover.v1.IReady=} [properties] Properties to set
                 */
                function Ready(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Creates a new Ready instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.Ready
                 * @static
                 * @param {ch.handover.v1.IReady=} [properties] Properties to set
                 * @returns {ch.handover.v1.Ready} Ready instance
                 */
                Ready.create = function create(properties) {
                    return new Ready(properties);
                };

                /**
                 * Encodes the specified Ready message. Does not implicitly {@link ch.handover.v1.Ready.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.Ready
                 * @static
                 * @param {ch.handover.v1.IReady} message Ready message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Ready.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    return writer;
                };

                /**
                 * Decodes a Ready message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.Ready
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.Ready} Ready
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Ready.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.Ready();
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

                return Ready;
            })();

            v1.Refused = (function() {

                /**
                 * Properties of a Refused.
                 * @memberof ch.handover.v1
                 * @interface IRefused
                 * @property {string|null} [message] Refused message
                 */

                /**
                 * Constructs a new Refused.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a Refused.
                 * @implements IRefused
                 * @constructor
                 * @param {ch.handover.v1.IRefused=} [properties] Properties to set
                 */
                function Refused(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Refused message.
                 * @member {string} message
                 * @memberof ch.handover.v1.Refused
                 * @instance
                 */
                Refused.prototype.message = "";

                /**
                 * Creates a new Refused instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.Refused
                 * @static
                 * @param {ch.handover.v1.IRefused=} [properties] Properties to set
                 * @returns {ch.handover.v1.Refused} Refused instance
                 */
                Refused.create = function create(properties) {
                    return new Refused(properties);
                };

                /**
                 * Encodes the specified Refused message. Does not implicitly {@link ch.handover.v1.Refused.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.Refused
                 * @static
                 * @param {ch.handover.v1.IRefused} message Refused message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Refused.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.message != null && Object.hasOwnProperty.call(message, "message"))
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.message);
                    return writer;
                };

                /**
                 * Decodes a Refused message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.Refused
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.Refused} Refused
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Refused.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.Refused();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
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

                return Refused;
            })();

            v1.Serving = (function() {

                /**
                 * Properties of a Serving.
                 * @memberof ch.handover.v1
                 * @interface IServing
                 * @property {number|null} [pid] Serving pid
                 */

                /**
                 * Constructs a new Serving.
                 * @memberof ch.handover.v1
                 * @classdesc Represents a Serving.
                 * @implements IServing
                 * @constructor
                 * @param {ch.handover.v1.IServing=} [properties] Properties to set
                 */
                function Serving(properties) {
                    if (properties)
                        for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                }

                /**
                 * Serving pid.
                 * @member {number} pid
                 * @memberof ch.handover.v1.Serving
                 * @instance
                 */
                Serving.prototype.pid = 0;

                /**
                 * Creates a new Serving instance using the specified properties.
                 * @function create
                 * @memberof ch.handover.v1.Serving
                 * @static
                 * @param {ch.handover.v1.IServing=} [properties] Properties to set
                 * @returns {ch.handover.v1.Serving} Serving instance
                 */
                Serving.create = function create(properties) {
                    return new Serving(properties);
                };

                /**
                 * Encodes the specified Serving message. Does not implicitly {@link ch.handover.v1.Serving.verify|verify} messages.
                 * @function encode
                 * @memberof ch.handover.v1.Serving
                 * @static
                 * @param {ch.handover.v1.IServing} message Serving message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Serving.encode = function encode(message, writer, q) {
                    if (!writer)
                        writer = $Writer.create();
                    if (q === undefined)
                        q = 0;
                    if (q > $util.recursionLimit)
                        throw Error("max depth exceeded");
                    if (message.pid != null && Object.hasOwnProperty.call(message, "pid"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.pid);
                    return writer;
                };

                /**
                 * Decodes a Serving message from the specified reader or buffer.
                 * @function decode
                 * @memberof ch.handover.v1.Serving
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {ch.handover.v1.Serving} Serving
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Serving.decode = function decode(reader, length, error, long) {
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
                    message = new $root.ch.handover.v1.Serving();
                    while (reader.pos < end) {
                        let tag = reader.uint32();
                        if (tag === error)
                            break;
                        switch (tag >>> 3) {
                        case 1: {
                                message.pid = reader.uint32();
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

                return Serving;
            })();

            return v1;
        })();

        return handover;
    })();

    return ch;
})();

export { $root as default };
