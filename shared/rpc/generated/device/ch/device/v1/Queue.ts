// Original file: proto/ch/device/v1/device.proto


export interface Queue {
  'index'?: (number);
  'size'?: (number);
  'enabled'?: (boolean);
  'inFlight'?: (number);
  'fault'?: (string);
}

export interface Queue__Output {
  'index': (number);
  'size': (number);
  'enabled': (boolean);
  'inFlight': (number);
  'fault': (string);
}
