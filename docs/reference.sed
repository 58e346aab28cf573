# include/hfx.h as Doxygen wants it: the contract is the first page, and each comment documents what follows.
1s,^/\*$,/** @file hfx.h\n * The C ABI of hfx.\n */\n/** @mainpage The C ABI\n *,
s,^\( *\)//$,\1///,
s,^\( *\)// ,\1/// ,
# What Markdown would take for emphasis, in the contract.
/^ \* /{
s,_\*,_\\*,g
s, \*err , \\*err ,g
s, _free, \\_free,g
}
