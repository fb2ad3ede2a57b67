/// The layers above name this module; its first type replaces this line.
